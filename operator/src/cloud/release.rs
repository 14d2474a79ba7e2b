//! A release of the host: its files, and the line that names it with their checksums (`deploy/README.md`).

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use latchkey_platform::hex::hex;
use sha2::{Digest as _, Sha256};

/// The files, with what each is called in the line.
const FILES: [(&str, &str); 3] = [
    ("boot", "boot.sh"),
    ("aarch64", "latchkey-host-aarch64.tar.gz"),
    ("x86_64", "latchkey-host-x86_64.tar.gz"),
];
/// Characters of a version.
const VERSION: usize = 64;
/// Bytes of a file: the archive of the host has a few MiB.
const FILE: u64 = 256 * 1024 * 1024;

/// The name of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version(String);

/// The text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version is 1 to {VERSION} of A-Z a-z 0-9 . + -, a letter or digit first")]
pub(crate) struct BadVersion;

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins && text.len() <= VERSION && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadVersion)
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A release as machines find it: `VERSION boot=SHA256 aarch64=SHA256 x86_64=SHA256`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// Its name.
    pub(crate) version: Version,
    line: String,
}

/// The text is no line of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no release: expected VERSION boot=SHA256 aarch64=SHA256 x86_64=SHA256")]
pub(crate) struct BadRelease;

impl FromStr for Release {
    type Err = BadRelease;

    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let (version, sums) = text.split_once(' ').ok_or(BadRelease)?;
        let sums: Vec<_> = sums.split(' ').collect();
        let is_sum = |text: &str| {
            text.len() == 64
                && text
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let fits = |(sum, (name, _)): (&&str, &(&str, &str))| {
            sum.strip_prefix(name)
                .and_then(|sum| sum.strip_prefix('='))
                .is_some_and(is_sum)
        };
        if sums.len() != FILES.len() || !sums.iter().zip(&FILES).all(fits) {
            return Err(BadRelease);
        }
        Ok(Self {
            version: version.parse().map_err(|_| BadRelease)?,
            line: text.to_owned(),
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// The files of a release, by name.
pub(crate) type Files = BTreeMap<&'static str, Vec<u8>>;

/// The release `version` made of the files in `folder`.
pub(crate) fn of_folder(version: &Version, folder: &Path) -> Result<(Release, Files)> {
    let mut files = Files::new();
    let mut line = version.to_string();
    for (name, file) in FILES {
        let path = folder.join(file);
        let found = fs::metadata(&path).with_context(|| {
            format!(
                "{} cannot be read; a release needs {}",
                path.display(),
                FILES.map(|(_, file)| file).join(", ")
            )
        })?;
        if found.len() == 0 || found.len() > FILE {
            bail!(
                "{} has {} bytes; a file of a release has 1 to {FILE}",
                path.display(),
                found.len()
            );
        }
        let content =
            fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        line.push_str(&format!(" {name}={}", hex(&Sha256::digest(&content))));
        files.insert(file, content);
    }
    Ok((line.parse()?, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_release_that_names_its_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let version: Version = "1.2.3".parse().unwrap();
        for (_, file) in FILES {
            assert!(of_folder(&version, folder.path()).is_err());
            fs::write(folder.path().join(file), file).unwrap();
        }
        let (release, files) = of_folder(&version, folder.path()).unwrap();
        assert_eq!(files["boot.sh"], b"boot.sh");
        let line = release.to_string();
        assert!(line.starts_with("1.2.3 boot="), "{line}");
        assert!(line.contains(&hex(&Sha256::digest("boot.sh"))), "{line}");
        assert_eq!(line.parse(), Ok(release));
    }

    #[test]
    fn a_line_that_a_machine_would_refuse_is_no_release() {
        let sum = "a".repeat(64);
        let line = |version: &str, end: &str| {
            format!("{version} boot={sum} aarch64={sum} x86_64={sum}{end}")
        };
        assert!(line("1.2.3", "").parse::<Release>().is_ok());
        for bad in [
            line("1.2.3", " "),
            line("1 2", ""),
            line("../x", ""),
            line("1.2.3", "0"),
            line("1.2.3", "").replace("aarch64", "arm64"),
            line("1.2.3", "").to_uppercase(),
            String::new(),
        ] {
            assert_eq!(bad.parse::<Release>(), Err(BadRelease), "{bad}");
        }
    }
}
