//! A simulated disk that can be killed or lose power at any operation, and refuse any of them. What it keeps after
//! that is drawn from a seed.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use latchkey_journal::{Disk, DiskFile};

/// Bytes of which a power loss keeps all or none. Small, so that entries are torn in many places.
const SECTOR: usize = 16;

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).expect("below a usize")
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What happens to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accident {
    /// The process is killed: what it wrote stays.
    Kill,
    /// The machine loses power: what was not synced stays in part, or not at all.
    PowerLoss,
}

/// What goes wrong while the process lives.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    /// The operation, counted from 0, in the middle of which the process dies.
    pub(crate) dies_at: Option<u64>,
    /// The operations, first and one past the last, that the disk refuses as if it were full.
    pub(crate) refuses: (u64, u64),
    /// Whether syncs are among them. A refused sync may lose what it was for.
    pub(crate) refuses_syncs: bool,
}

#[derive(Debug, Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    /// What a power loss leaves for certain.
    durable: Vec<u8>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Gone(String),
    Here(String, usize),
    Moved(String, String),
}

#[derive(Debug)]
struct Inner {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    changes: Vec<NameChange>,
    plan: Plan,
    operations: u64,
    dead: bool,
    /// Which process it is; handles of earlier ones do nothing.
    life: u32,
    rng: Rng,
}

enum Verdict {
    Go,
    Die,
    Refuse,
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct SimDisk(Arc<Mutex<Inner>>);

struct SimFile {
    disk: SimDisk,
    file: usize,
    life: u32,
}

impl SimDisk {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            plan,
            operations: 0,
            dead: false,
            life: 0,
            rng: Rng::new(seed),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0
            .lock()
            .expect("no test panics while it holds the disk")
    }

    /// The disk as a journal takes it.
    pub(crate) fn arc(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    pub(crate) fn operations(&self) -> u64 {
        self.lock().operations
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// Sets what goes wrong from here on; operations count from 0 again.
    pub(crate) fn plan(&self, plan: Plan) {
        let mut inner = self.lock();
        inner.plan = plan;
        inner.operations = 0;
    }

    /// The process dies if it has not yet, and another one starts on what the disk kept.
    pub(crate) fn restart(&self, accident: Accident, plan: Plan) {
        let mut inner = self.lock();
        if accident == Accident::PowerLoss {
            inner.lose_power();
        }
        inner.dead = false;
        inner.life += 1;
        inner.plan = plan;
        inner.operations = 0;
    }

    /// Names and contents as the process sees them.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let inner = self.lock();
        inner
            .names
            .iter()
            .map(|(name, file)| (name.clone(), inner.files[*file].bytes.clone()))
            .collect()
    }

    /// Puts a file there, durable.
    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.lock();
        let file = inner.files.len();
        inner.files.push(Content {
            durable: bytes.clone(),
            bytes,
        });
        inner.names.insert(name.to_owned(), file);
        inner.durable_names.insert(name.to_owned(), file);
    }
}

impl Inner {
    fn judge(&mut self, sync: bool) -> io::Result<Verdict> {
        if self.dead {
            return Err(gone());
        }
        let operation = self.operations;
        self.operations += 1;
        let (from, to) = self.plan.refuses;
        Ok(if self.plan.dies_at == Some(operation) {
            self.dead = true;
            Verdict::Die
        } else if (from..to).contains(&operation) && (!sync || self.plan.refuses_syncs) {
            Verdict::Refuse
        } else {
            Verdict::Go
        })
    }

    /// Judges an operation on names, which happens whole or not at all.
    fn judge_names(&mut self) -> io::Result<()> {
        match self.judge(false)? {
            Verdict::Go => Ok(()),
            Verdict::Refuse => Err(full()),
            Verdict::Die => Err(gone()),
        }
    }

    fn lose_power(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            if self.rng.one_in(2) {
                change.apply(&mut self.durable_names);
            }
        }
        self.names = self.durable_names.clone();
        for file in &mut self.files {
            keep_in_part(file, &mut self.rng);
            file.bytes = file.durable.clone();
        }
    }
}

/// Makes durable some sectors of what was not; the others read as zeros, or the file ends before them.
fn keep_in_part(file: &mut Content, rng: &mut Rng) {
    let unsynced = file.bytes.len() - file.durable.len();
    let style = rng.below(4);
    let end = match style {
        0 => file.durable.len(),
        1 => file.bytes.len(),
        _ => file.durable.len() + rng.below(unsynced + 1),
    };
    for at in file.durable.len()..end {
        // A prefix in some cases, holes in the others.
        let sector_kept = style == 1 || style == 2 || {
            let mut coin = Rng::new(rng.0 ^ (at / SECTOR) as u64);
            !coin.one_in(3)
        };
        file.durable
            .push(if sector_kept { file.bytes[at] } else { 0 });
    }
    rng.next();
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Gone(name) => {
                names.remove(&name);
            }
            Self::Here(name, file) => {
                names.insert(name, file);
            }
            Self::Moved(from, to) => {
                if let Some(file) = names.remove(&from) {
                    names.insert(to, file);
                }
            }
        }
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut inner = self.lock();
        inner.judge_names()?;
        Ok(inner.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.lock();
        inner.judge_names()?;
        if inner.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = inner.files.len();
        inner.files.push(Content::default());
        inner.names.insert(name.to_owned(), file);
        inner.changes.push(NameChange::Here(name.to_owned(), file));
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            file,
            life: inner.life,
        }))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.lock();
        inner.judge_names()?;
        let file = *inner.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            file,
            life: inner.life,
        }))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let inner = self.lock();
        if inner.dead {
            return Err(gone());
        }
        let file = *inner.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(inner.files[file].bytes.clone())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.lock();
        inner.judge_names()?;
        let change = NameChange::Moved(from.to_owned(), to.to_owned());
        change.clone().apply(&mut inner.names);
        inner.changes.push(change);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.lock();
        inner.judge_names()?;
        inner.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        inner.changes.push(NameChange::Gone(name.to_owned()));
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        let mut inner = self.lock();
        match inner.judge(true)? {
            Verdict::Go => {}
            Verdict::Die => return Err(gone()),
            Verdict::Refuse => {
                // What it was for is lost at the next power loss, whatever later syncs say.
                inner.changes.clear();
                return Err(io::ErrorKind::Other.into());
            }
        }
        inner.changes.clear();
        inner.durable_names = inner.names.clone();
        Ok(())
    }
}

impl DiskFile for SimFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.disk.lock();
        if inner.life != self.life {
            return Err(gone());
        }
        let verdict = inner.judge(false)?;
        let written = match verdict {
            Verdict::Go => bytes.len(),
            Verdict::Die | Verdict::Refuse => inner.rng.below(bytes.len() + 1),
        };
        inner.files[self.file]
            .bytes
            .extend_from_slice(&bytes[..written]);
        match verdict {
            Verdict::Go => Ok(()),
            Verdict::Die => Err(gone()),
            Verdict::Refuse => Err(full()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.disk.lock();
        if inner.life != self.life {
            return Err(gone());
        }
        let verdict = inner.judge(true)?;
        let Inner { files, rng, .. } = &mut *inner;
        let file = &mut files[self.file];
        match verdict {
            Verdict::Go => {
                // Sectors that an earlier failure lost stay lost.
                let durable = file.durable.len();
                file.durable.extend_from_slice(&file.bytes[durable..]);
                Ok(())
            }
            Verdict::Die => Err(gone()),
            Verdict::Refuse => {
                keep_in_part(file, rng);
                file.durable.resize(file.bytes.len(), 0);
                Err(io::ErrorKind::Other.into())
            }
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("the process is dead")
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}
