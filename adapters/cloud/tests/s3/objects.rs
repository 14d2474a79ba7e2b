//! Objects and files as they are stored and come back.

use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use latchkey_cloud::s3::{Listed, Made, ObjectError, S3VersionFiles};
use latchkey_cloud::titles::VersionFiles as _;
use latchkey_platform::fakes::samples;

use crate::support::bucket;

const PLAIN: Made = Made {
    content_type: "application/octet-stream",
    cache_control: None,
};

#[tokio::test]
async fn a_file_of_a_version_is_stored_as_browsers_are_to_get_it() {
    let (bucket, client, name) = bucket().await;
    let files = S3VersionFiles(bucket);
    let version = samples::small_game(3);
    let path = "games/small-game/main.js".parse().unwrap();
    assert_eq!(files.get(&version, &path).await.unwrap(), None);
    for _ in 0..2 {
        files.put(&version, &path, b"export {}").await.unwrap();
    }
    let found = files.get(&version, &path).await.unwrap();
    assert_eq!(found.as_deref(), Some(&b"export {}"[..]));
    let key = "t/small-game/3/games/small-game/main.js";
    let head = client.head_object().bucket(name).key(key).send().await;
    let head = head.unwrap();
    assert_eq!(head.content_type(), Some("text/javascript; charset=utf-8"));
    let cache = Some("public, max-age=31536000, immutable");
    assert_eq!(head.cache_control(), cache);
    assert_eq!(head.content_encoding(), None, "the CDN compresses");
    let other = samples::small_game(2);
    assert_eq!(files.get(&other, &path).await.unwrap(), None);
}

#[tokio::test]
async fn an_object_is_stored_with_the_hash_of_its_content() {
    let (bucket, client, name) = bucket().await;
    let content = Bytes::from_static(b"abc");
    bucket
        .put("hosts/1.0.0/boot.sh", content.clone(), PLAIN)
        .await
        .unwrap();
    let head = client.head_object().bucket(name).key("hosts/1.0.0/boot.sh");
    let head = head
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    // The SHA-256 of `abc` as its standard gives it.
    let hash = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    assert_eq!(head.checksum_sha256(), Some(hash));
    let found = bucket.get("hosts/1.0.0/boot.sh", 3).await;
    assert_eq!(found, Ok(Some(content)));
}

#[tokio::test]
async fn what_is_larger_than_its_reader_takes_is_not_read() {
    let (bucket, ..) = bucket().await;
    bucket
        .put("large", Bytes::from_static(b"abcd"), PLAIN)
        .await
        .unwrap();
    let error = bucket.get("large", 3).await.unwrap_err();
    let told = "the object large has 4 bytes, and at most 3 are read";
    assert_eq!(error.to_string(), told);
    assert!(matches!(error, ObjectError::TooLarge { .. }));
}

#[tokio::test]
async fn objects_are_listed_by_the_beginning_of_their_keys() {
    let (bucket, ..) = bucket().await;
    for key in ["hosts/2/b", "hosts/1/a", "media/1/a", "hosts/1/b"] {
        bucket
            .put(key, Bytes::from_static(b"ab"), PLAIN)
            .await
            .unwrap();
    }
    let (listed, more) = bucket.list("hosts/1/").await.unwrap();
    let expected = ["hosts/1/a", "hosts/1/b"].map(|key| Listed {
        key: key.to_owned(),
        bytes: 2,
    });
    assert_eq!((&*listed, more), (&expected[..], false));
    assert_eq!(bucket.list("none/").await, Ok((Vec::new(), false)));
}
