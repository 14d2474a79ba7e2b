//! The service manager, as the host sees it: a datagram socket, of which everything that is said is kept.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UnixDatagram;
use tokio::task::JoinHandle;

use crate::eventually;

pub(crate) struct Manager {
    path: PathBuf,
    said: Arc<Mutex<Vec<String>>>,
    listens: JoinHandle<()>,
}

impl Manager {
    pub(crate) fn listen(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let said = Arc::<Mutex<Vec<String>>>::default();
        let kept = said.clone();
        let listens = tokio::spawn(async move {
            let mut text = [0; 1_024];
            while let Ok(length) = socket.recv(&mut text).await {
                let words = String::from_utf8_lossy(&text[..length]).into_owned();
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(words.lines().map(str::to_owned));
            }
        });
        Self {
            path,
            said,
            listens,
        }
    }

    pub(crate) fn socket(&self) -> String {
        self.path.display().to_string()
    }

    /// How often a line was said that begins with this.
    pub(crate) fn heard(&self, line: &str) -> usize {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().filter(|said| said.starts_with(line)).count()
    }

    /// Waits until such a line is said once more than it was.
    pub(crate) async fn hears(&self, line: &str) {
        let before = self.heard(line);
        eventually(line, async || self.heard(line) > before).await;
    }

    /// Waits until such a line was said.
    pub(crate) async fn has_heard(&self, line: &str) {
        eventually(line, async || self.heard(line) > 0).await;
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.listens.abort();
    }
}
