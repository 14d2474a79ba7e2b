//! A bundle: all files of a title version, laid out as in `web/` (`games/<slug>/...` beside `sdk/...`), so that
//! a game's imports work in the tree and published alike.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{ManifestError, TitleManifest};
use crate::hex::hex;
use crate::limits::{BUNDLE_BYTES, BUNDLE_FILE_BYTES, BUNDLE_FILES, PATH_BYTES};

/// The path of a file in a bundle: names of `A-Za-z0-9._-` that do not begin with a point, joined by `/`. It
/// can therefore never leave its folder, on any file system or in any URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePath(String);

/// The text is no path of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a path of a bundle: names of A-Z a-z 0-9 . _ - that begin with no point, joined by /, at most {PATH_BYTES} bytes"
)]
pub struct FilePathError(String);

impl FilePath {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last point of the name, or nothing.
    #[must_use]
    pub fn extension(&self) -> &str {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

impl FromStr for FilePath {
    type Err = FilePathError;
    fn from_str(text: &str) -> Result<Self, FilePathError> {
        let name = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if text.len() <= PATH_BYTES && text.split('/').all(name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FilePathError(text.chars().take(PATH_BYTES).collect()))
        }
    }
}

impl TryFrom<String> for FilePath {
    type Error = FilePathError;
    fn try_from(text: String) -> Result<Self, FilePathError> {
        text.parse()
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> Self {
        path.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All files of a title version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bundle {
    files: BTreeMap<FilePath, Vec<u8>>,
    bytes: usize,
}

/// What is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A path.
    #[error(transparent)]
    Path(#[from] FilePathError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A path was given twice.
    #[error("{0} is in the bundle twice")]
    Twice(FilePath),
    /// Too many files.
    #[error("a bundle holds at most {BUNDLE_FILES} files; join small ones")]
    TooManyFiles,
    /// A file is too large.
    #[error("{path} has {bytes} bytes; a file of a bundle has at most {BUNDLE_FILE_BYTES}")]
    FileTooLarge {
        /// The file.
        path: FilePath,
        /// Its size.
        bytes: usize,
    },
    /// The whole is too large.
    #[error("a bundle has at most {BUNDLE_BYTES} bytes in all; make pictures and sounds smaller")]
    TooLarge,
    /// There is not exactly one manifest.
    #[error("a bundle holds exactly one games/<slug>/title.json; this one holds {0}")]
    Manifests(usize),
    /// The manifest lies in another title's folder.
    #[error("the manifest of {slug} must lie at games/{slug}/title.json")]
    Folder {
        /// The slug the manifest gives.
        slug: String,
    },
    /// The manifest names a file that is not there.
    #[error("title.json names {0}, which is not in the bundle")]
    Missing(FilePath),
}

impl Bundle {
    /// A bundle of these files.
    ///
    /// # Errors
    /// [`BundleError`] for the first file that cannot be taken.
    pub fn of<P: AsRef<str>>(
        files: impl IntoIterator<Item = (P, Vec<u8>)>,
    ) -> Result<Self, BundleError> {
        let mut bundle = Self::default();
        for (path, content) in files {
            bundle.add(path.as_ref().parse()?, content)?;
        }
        Ok(bundle)
    }

    fn add(&mut self, path: FilePath, content: Vec<u8>) -> Result<(), BundleError> {
        if content.len() > BUNDLE_FILE_BYTES {
            return Err(BundleError::FileTooLarge {
                path,
                bytes: content.len(),
            });
        }
        if self.files.len() >= BUNDLE_FILES {
            return Err(BundleError::TooManyFiles);
        }
        self.bytes += content.len();
        if self.bytes > BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        match self.files.insert(path.clone(), content) {
            None => Ok(()),
            Some(_) => Err(BundleError::Twice(path)),
        }
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&FilePath, &[u8])> {
        self.files
            .iter()
            .map(|(path, content)| (path, content.as_slice()))
    }

    /// One file.
    #[must_use]
    pub fn file(&self, path: &FilePath) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// SHA-256 over all paths and contents in order of path, each with its length before it, in lower-case
    /// hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (path, content) in &self.files {
            for part in [path.as_str().as_bytes(), content] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hex(&hash.finalize())
    }

    /// The manifest, checked against the files.
    ///
    /// # Errors
    /// [`BundleError`] when there is no manifest or it names what is not there.
    pub fn manifest(&self) -> Result<TitleManifest, BundleError> {
        let manifests: Vec<_> = self
            .files
            .iter()
            .filter(|(path, _)| {
                let mut names = path.as_str().split('/');
                names.next() == Some("games") && names.nth(1) == Some("title.json")
            })
            .collect();
        let [(path, json)] = manifests.as_slice() else {
            return Err(BundleError::Manifests(manifests.len()));
        };
        let manifest = TitleManifest::parse(json)?;
        if path.as_str() != format!("games/{}/title.json", manifest.slug) {
            return Err(BundleError::Folder {
                slug: manifest.slug.into(),
            });
        }
        for named in [&manifest.entry, &manifest.style, &manifest.picture] {
            let path: FilePath = format!("games/{}/{named}", manifest.slug).parse()?;
            if !self.files.contains_key(&path) {
                return Err(BundleError::Missing(path));
            }
        }
        Ok(manifest)
    }
}
