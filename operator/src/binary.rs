//! Where the binary of this process is, so that more processes of it can be started.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The path this process was started by: whatever file is there later, by replacing it or by turning a link, is the next
/// process's binary. The system's own answer would name the file that was there.
pub(crate) fn of_this_process() -> Result<PathBuf> {
    let folder = env::current_dir().context("the working folder cannot be found")?;
    let started = env::args_os().next().unwrap_or_default();
    match find(&started, &folder, env::var_os("PATH")) {
        Some(path) => Ok(path),
        None => env::current_exe().context("the path of this binary cannot be found"),
    }
}

/// What a shell in `folder` starts when told `name`.
fn find(name: &OsString, folder: &Path, path: Option<OsString>) -> Option<PathBuf> {
    let name = Path::new(name);
    let places: Vec<PathBuf> = match name.components().count() {
        0 => return None,
        1 if !name.is_absolute() && !has_slash(name) => env::split_paths(&path.unwrap_or_default())
            .map(|place| folder.join(place))
            .collect(),
        _ => vec![folder.to_owned()],
    };
    let mut found = places.into_iter().map(|place| place.join(name));
    found.find(|path| path.is_file())
}

fn has_slash(name: &Path) -> bool {
    name.as_os_str().as_encoded_bytes().contains(&b'/')
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_binary_is_found_as_a_shell_finds_it() {
        let outer = tempfile::tempdir().unwrap();
        let (here, bin) = (outer.path().join("here"), outer.path().join("bin"));
        for folder in [&here, &bin] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("latchkey"), "").unwrap();
        }
        let path = env::join_paths([outer.path(), &bin]).unwrap();
        let found = |name: &str| find(&name.into(), &here, Some(path.clone()));
        assert_eq!(found("latchkey"), Some(bin.join("latchkey")));
        assert_eq!(found("./latchkey"), Some(here.join("./latchkey")));
        assert_eq!(found("../bin/latchkey"), Some(here.join("../bin/latchkey")));
        let absolute = bin.join("latchkey");
        assert_eq!(found(absolute.to_str().unwrap()), Some(absolute));
        assert_eq!(found("other"), None);
        assert_eq!(found(""), None);
    }
}
