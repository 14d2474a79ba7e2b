//! Title versions as folders: `titles/<slug>/<number>/version.json` and the files below
//! `titles/<slug>/<number>/files`. A version is written aside, made durable, and moved to its place whole;
//! nothing in its place is ever written to again.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_platform::entropy::{self, Entropy};
use latchkey_platform::hex::hex;
use latchkey_platform::limits::CATALOGUE_TITLES;
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::{Bundle, FilePath, Slug, TitleVersion, Titles, VersionRef};

use crate::files::{self, Access};

/// Where versions are written before they are moved. No slug begins with a point.
const INCOMING: &str = ".incoming";

/// Title versions as folders.
#[derive(Clone)]
pub struct FolderTitles {
    root: PathBuf,
    entropy: Arc<dyn Entropy>,
}

impl FolderTitles {
    /// Opens the folder, making it if need be and clearing away what a crash left half written. Only one
    /// process may publish into a folder.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(root: &Path, entropy: Arc<dyn Entropy>) -> io::Result<Self> {
        let incoming = root.join(INCOMING);
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&incoming)?,
        }
        Ok(Self {
            root: root.to_owned(),
            entropy,
        })
    }

    fn place(&self, version: &VersionRef) -> PathBuf {
        self.root
            .join(version.slug.as_str())
            .join(version.number.to_string())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this))
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
            .map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => StoreError::Corrupt(error.to_string()),
                _ => StoreError::Unavailable(error.to_string()),
            })
    }

    fn read_version(&self, version: &VersionRef) -> io::Result<Option<TitleVersion>> {
        let json = files::read_if_there(&self.place(version).join("version.json"))?;
        Ok(json.map(|json| serde_json::from_slice(&json)).transpose()?)
    }

    /// The newest version of a title: the highest number there is a folder for.
    fn read_newest(&self, slug: &Slug) -> io::Result<Option<TitleVersion>> {
        let names = names(&self.root.join(slug.as_str()))?;
        let number = names
            .iter()
            .filter_map(|name| name.parse::<u32>().ok())
            .max();
        match number {
            Some(number) => self.read_version(&VersionRef {
                slug: slug.clone(),
                number,
            }),
            None => Ok(None),
        }
    }

    fn write(&self, version: &TitleVersion, bundle: &Bundle) -> io::Result<Insert> {
        let place = self.place(&version.reference());
        if place.exists() {
            return Ok(Insert::Exists);
        }
        let name: [u8; 8] = entropy::bytes(&*self.entropy);
        let aside = self.root.join(INCOMING).join(hex(&name));
        write_whole(&aside, version, bundle)?;
        let title = self.root.join(version.slug.as_str());
        fs::create_dir_all(&title)?;
        files::sync_folder(&self.root)?;
        // A folder cannot be moved over one that holds something, so of two that publish the same number at
        // the same time the second fails here.
        match fs::rename(&aside, &place) {
            Ok(()) => files::sync_folder(&title).map(|()| Insert::Inserted),
            Err(_) if place.exists() => fs::remove_dir_all(&aside).map(|()| Insert::Exists),
            Err(error) => Err(error),
        }
    }
}

/// Writes all of a version below a new folder, durably.
fn write_whole(folder: &Path, version: &TitleVersion, bundle: &Bundle) -> io::Result<()> {
    let files_folder = folder.join("files");
    fs::create_dir_all(&files_folder)?;
    let mut folders = BTreeSet::from([folder.to_owned(), files_folder.clone()]);
    for (path, content) in bundle.files() {
        let path = files_folder.join(path.as_str());
        for parent in path
            .ancestors()
            .skip(1)
            .take_while(|parent| *parent != files_folder)
        {
            folders.insert(parent.to_owned());
        }
        fs::create_dir_all(path.parent().unwrap_or(&files_folder))?;
        files::write_durably(&path, content, Access::Shared)?;
    }
    let json = serde_json::to_vec_pretty(version)?;
    files::write_durably(&folder.join("version.json"), &json, Access::Shared)?;
    folders
        .iter()
        .try_for_each(|folder| files::sync_folder(folder))
}

/// The names in a folder; none if there is no such folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl Titles for FolderTitles {
    async fn list(&self) -> Result<Vec<TitleVersion>, StoreError> {
        self.blocking(|this| {
            let mut slugs: Vec<Slug> = names(&this.root)?
                .into_iter()
                .filter_map(|name| name.parse().ok())
                .collect();
            slugs.sort();
            let newest = slugs
                .iter()
                .filter_map(|slug| this.read_newest(slug).transpose());
            newest.take(CATALOGUE_TITLES).collect()
        })
        .await
    }

    async fn newest(&self, slug: &Slug) -> Result<Option<TitleVersion>, StoreError> {
        let slug = slug.clone();
        self.blocking(move |this| this.read_newest(&slug)).await
    }

    async fn version(&self, version: &VersionRef) -> Result<Option<TitleVersion>, StoreError> {
        let version = version.clone();
        self.blocking(move |this| this.read_version(&version)).await
    }

    async fn file(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.place(version).join("files").join(path.as_str());
        self.blocking(move |_| files::read_if_there(&path)).await
    }

    async fn put(&self, version: &TitleVersion, bundle: &Bundle) -> Result<Insert, StoreError> {
        let (version, bundle) = (version.clone(), bundle.clone());
        self.blocking(move |this| this.write(&version, &bundle))
            .await
    }
}
