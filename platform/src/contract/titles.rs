//! The rules of [`Titles`].

use super::Subject;
use crate::fakes::samples;
use crate::store::Insert;
use crate::titles::{FilePath, Titles};

type Titles_ = Subject<dyn Titles>;

/// Makes the tests.
#[macro_export]
macro_rules! titles_contract {
    ($subject:expr) => {
        $crate::contract!(
            titles,
            $subject,
            [
                a_version_and_its_files_come_back,
                a_version_is_never_replaced,
                the_newest_is_the_highest_number,
                of_many_publishers_one_gets_the_number,
            ]
        );
    };
}

pub async fn a_version_and_its_files_come_back(subject: &Titles_) {
    let bundle = samples::bundle("one");
    let version = samples::version(1, &bundle);
    assert_eq!(subject.port.newest(&version.slug).await.unwrap(), None);
    assert_eq!(subject.port.list().await.unwrap(), []);
    assert_eq!(
        subject.port.put(&version, &bundle).await.unwrap(),
        Insert::Inserted
    );
    let reference = version.reference();
    assert_eq!(
        subject.port.version(&reference).await.unwrap(),
        Some(version.clone())
    );
    assert_eq!(subject.port.list().await.unwrap(), [version]);
    for (path, content) in bundle.files() {
        let file = subject.port.file(&reference, path).await.unwrap();
        assert_eq!(file.as_deref(), Some(content), "{path}");
    }
    for missing in [
        "games/small-game/none.js",
        "games",
        "games/small-game",
        "sdk",
    ] {
        let path: FilePath = missing.parse().unwrap();
        assert_eq!(
            subject.port.file(&reference, &path).await.unwrap(),
            None,
            "{missing}"
        );
    }
    let path: FilePath = "sdk/index.js".parse().unwrap();
    assert_eq!(
        subject
            .port
            .file(&samples::small_game(2), &path)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        subject.port.version(&samples::small_game(2)).await.unwrap(),
        None
    );
}

pub async fn a_version_is_never_replaced(subject: &Titles_) {
    let (first, second) = (samples::bundle("one"), samples::bundle("two"));
    let version = samples::version(1, &first);
    assert_eq!(
        subject.port.put(&version, &first).await.unwrap(),
        Insert::Inserted
    );
    let other = samples::version(1, &second);
    assert_eq!(
        subject.port.put(&other, &second).await.unwrap(),
        Insert::Exists
    );
    assert_eq!(
        subject.port.newest(&version.slug).await.unwrap(),
        Some(version.clone())
    );
    let path: FilePath = "games/small-game/main.js".parse().unwrap();
    let file = subject
        .port
        .file(&version.reference(), &path)
        .await
        .unwrap();
    assert_eq!(file.as_deref(), Some(&b"one"[..]));
}

pub async fn the_newest_is_the_highest_number(subject: &Titles_) {
    for number in 1..=11 {
        let bundle = samples::bundle(&number.to_string());
        let version = samples::version(number, &bundle);
        assert_eq!(
            subject.port.put(&version, &bundle).await.unwrap(),
            Insert::Inserted
        );
    }
    let other = samples::titled_bundle("another", "x");
    let put = subject
        .port
        .put(&samples::version(1, &other), &other)
        .await
        .unwrap();
    assert_eq!(put, Insert::Inserted);
    let slug = samples::small_game(1).slug;
    assert_eq!(
        subject.port.newest(&slug).await.unwrap().unwrap().number,
        11
    );
    let listed = subject.port.list().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|v| v.reference().to_string()).collect();
    assert_eq!(listed, ["another/1", "small-game/11"]);
}

pub async fn of_many_publishers_one_gets_the_number(subject: &Titles_) {
    let mut tasks = tokio::task::JoinSet::new();
    for code in 0..8 {
        let port = subject.port.clone();
        tasks.spawn(async move {
            let bundle = samples::bundle(&code.to_string());
            let put = port
                .put(&samples::version(1, &bundle), &bundle)
                .await
                .unwrap();
            (put == Insert::Inserted).then_some(bundle)
        });
    }
    let winners: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let [winner] = winners.as_slice() else {
        panic!("{} publishers won", winners.len())
    };
    let version = subject
        .port
        .version(&samples::small_game(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(version.hash, winner.hash());
    let path: FilePath = "games/small-game/main.js".parse().unwrap();
    let file = subject
        .port
        .file(&version.reference(), &path)
        .await
        .unwrap();
    assert_eq!(file.as_deref(), winner.file(&path));
}
