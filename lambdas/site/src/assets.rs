//! The assets compiled into the site: one tree with one content hash, which is part of every asset's address. A new
//! deployment has new addresses, so a browser never mixes the modules of two, and caches keep them for ever.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use include_dir::{Dir, include_dir};
use sha2::{Digest as _, Sha256};

use crate::encoding::{Encoding, compress};
use latchkey_platform::hex::hex;

static FOLDER: Dir<'static> = include_dir!("$OUT_DIR/assets");
static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::new(&FOLDER));

/// How hard assets are compressed: it happens once per file and process.
const EFFORT: u32 = 9;

/// The tree of this build.
pub(crate) fn tree() -> &'static Tree {
    &TREE
}

/// A tree of assets and its hash.
pub(crate) struct Tree {
    base: String,
    files: BTreeMap<&'static str, Asset>,
}

impl Tree {
    fn new(folder: &'static Dir<'static>) -> Self {
        let mut files = BTreeMap::new();
        collect(folder, &mut files);
        let mut hasher = Sha256::new();
        for (path, asset) in &files {
            hasher.update(path.len().to_be_bytes());
            hasher.update(path);
            hasher.update(asset.plain.len().to_be_bytes());
            hasher.update(&asset.plain);
        }
        let base = hex(&hasher.finalize()[..10]);
        Self { base, files }
    }

    /// The hash in the addresses of the tree.
    pub(crate) fn hash(&self) -> &str {
        &self.base
    }

    /// The address of an asset.
    pub(crate) fn url(&self, path: &str) -> String {
        debug_assert!(self.files.contains_key(path), "there is no asset {path}");
        format!("/assets/{}/{path}", self.base)
    }

    /// The asset at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        self.files.get(path)
    }
}

fn collect(folder: &'static Dir<'static>, into: &mut BTreeMap<&'static str, Asset>) {
    for file in folder.files() {
        let path = file.path().to_str().expect("names of assets are ASCII");
        into.insert(path, Asset::new(Bytes::from_static(file.contents())));
    }
    for folder in folder.dirs() {
        collect(folder, into);
    }
}

/// One asset with its compressed forms, each made when it is first asked for.
pub(crate) struct Asset {
    plain: Bytes,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
    tag: String,
}

impl Asset {
    fn new(plain: Bytes) -> Self {
        let tag = content_tag(&plain);
        Self {
            plain,
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
            tag,
        }
    }

    /// The bytes in an encoding.
    pub(crate) fn bytes(&self, encoding: Encoding) -> Bytes {
        let packed = |cell: &OnceLock<Bytes>| {
            cell.get_or_init(|| compress(&self.plain, encoding, EFFORT).into())
                .clone()
        };
        match encoding {
            Encoding::Brotli => packed(&self.brotli),
            Encoding::Gzip => packed(&self.gzip),
            Encoding::Identity => self.plain.clone(),
        }
    }

    /// The hash of the content, as it stands in an entity tag.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }
}

/// The hash of a content as it stands in an entity tag: 96 bits of SHA-256.
pub(crate) fn content_tag(content: &[u8]) -> String {
    hex(&Sha256::digest(content)[..12])
}
