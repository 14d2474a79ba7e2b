//! What the functions are given by their environment (`deploy/README.md`): read once, at the start, from what the binary hands
//! in. Whatever is missing or cannot be read ends the function and is named.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use latchkey_cloud::sqs::QueueUrl;
use latchkey_platform::email::EmailAddress;
use latchkey_platform::links::SiteUrl;

/// A setting is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not there, or empty.
    #[error("the setting {0} is missing; deploy/README.md says what it is for")]
    Missing(&'static str),
    /// It cannot be read.
    #[error("the setting {name} cannot be read: {why}")]
    Garbled {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// The variables that a function is given.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(variables.map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl Variables {
    /// The text of a setting.
    ///
    /// # Errors
    /// [`SettingError::Missing`].
    pub fn text(&self, name: &'static str) -> Result<&str, SettingError> {
        let found = self.0.get(name).filter(|value| !value.is_empty());
        found.map(String::as_str).ok_or(SettingError::Missing(name))
    }

    /// A setting that is more than text.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn read<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, SettingError> {
        self.text(name)?
            .parse()
            .map_err(|error: T::Err| SettingError::Garbled {
                name,
                why: error.to_string(),
            })
    }

    /// A setting of several, with commas between.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn list(&self, name: &'static str) -> Result<Vec<String>, SettingError> {
        let all = self.text(name)?.split(',').map(str::trim);
        let all: Vec<_> = all.map(str::to_owned).collect();
        match all.iter().any(String::is_empty) {
            true => Err(SettingError::Garbled {
                name,
                why: "one of its parts is empty".to_owned(),
            }),
            false => Ok(all),
        }
    }
}

/// What every function is given.
#[derive(Debug, Clone)]
pub struct Common {
    /// Dimension of the figures.
    pub environment: String,
    /// Filter of the logs.
    pub log: String,
    /// Where the public reaches the site.
    pub origin: SiteUrl,
    /// The secret `database`.
    pub database_secret: String,
}

impl Common {
    /// Reads it.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn of(variables: &Variables) -> Result<Self, SettingError> {
        Ok(Self {
            environment: variables.text("LATCHKEY_ENVIRONMENT")?.to_owned(),
            log: variables.text("LATCHKEY_LOG")?.to_owned(),
            origin: variables.read("LATCHKEY_ORIGIN")?,
            database_secret: variables.text("LATCHKEY_DATABASE_SECRET")?.to_owned(),
        })
    }
}

/// What functions that send mail are given.
#[derive(Debug, Clone)]
pub struct Post {
    /// The table of claims.
    pub claims: String,
    /// The secret `links`.
    pub links_secret: String,
    /// From whom letters are.
    pub from: EmailAddress,
    /// The configuration set they are sent by.
    pub set: String,
}

impl Post {
    /// Reads it.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn of(variables: &Variables) -> Result<Self, SettingError> {
        Ok(Self {
            claims: variables.text("LATCHKEY_CLAIMS_TABLE")?.to_owned(),
            links_secret: variables.text("LATCHKEY_LINKS_SECRET")?.to_owned(),
            from: variables.read("LATCHKEY_MAIL_FROM")?,
            set: variables.text("LATCHKEY_MAIL_SET")?.to_owned(),
        })
    }
}

/// What the site is given.
#[derive(Debug, Clone)]
pub struct Site {
    /// The table of claims.
    pub claims: String,
    /// The table of the directory.
    pub directory: String,
    /// The queue of letters to buyers.
    pub confirm: QueueUrl,
    /// The secret `links`.
    pub links_secret: String,
    /// The secret `site`.
    pub site_secret: String,
    /// The secret `origin`.
    pub origin_secret: String,
    /// How many proxies append to `X-Forwarded-For`.
    pub proxies: usize,
    /// Origins of the hosts.
    pub room_origins: Vec<String>,
    /// Where the checkout form may lead.
    pub till_origins: Vec<String>,
    /// The bucket with the files of titles.
    pub titles: String,
}

impl Site {
    /// Reads it.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn of(variables: &Variables) -> Result<Self, SettingError> {
        let domain = variables.text("LATCHKEY_PLAY_DOMAIN")?;
        let regions = variables.list("LATCHKEY_REGIONS")?;
        let origins = regions
            .iter()
            .map(|region| format!("wss://{region}.{domain}"));
        Ok(Self {
            claims: variables.text("LATCHKEY_CLAIMS_TABLE")?.to_owned(),
            directory: variables.text("LATCHKEY_DIRECTORY_TABLE")?.to_owned(),
            confirm: variables.read("LATCHKEY_CONFIRM_QUEUE")?,
            links_secret: variables.text("LATCHKEY_LINKS_SECRET")?.to_owned(),
            site_secret: variables.text("LATCHKEY_SITE_SECRET")?.to_owned(),
            origin_secret: variables.text("LATCHKEY_ORIGIN_SECRET")?.to_owned(),
            proxies: variables.read("LATCHKEY_PROXIES")?,
            room_origins: origins.collect(),
            till_origins: variables.list("LATCHKEY_TILL_ORIGINS")?,
            titles: variables.text("LATCHKEY_TITLES_BUCKET")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_garbled_is_named() {
        let whole = [
            ("LATCHKEY_ENVIRONMENT", "dev"),
            ("LATCHKEY_LOG", "info"),
            ("LATCHKEY_ORIGIN", "https://games.test"),
            ("LATCHKEY_DATABASE_SECRET", "arn:database"),
        ];
        assert!(Common::of(&whole.into_iter().collect()).is_ok());
        for (missing, _) in whole {
            let rest = whole.into_iter().filter(|(name, _)| *name != missing);
            let error = Common::of(&rest.collect()).unwrap_err();
            assert_eq!(error, SettingError::Missing(missing));
        }
        let variables: Variables = [("LATCHKEY_PROXIES", "two"), ("LATCHKEY_REGIONS", "a,,b")]
            .into_iter()
            .collect();
        let garbled = variables.read::<usize>("LATCHKEY_PROXIES").unwrap_err();
        assert!(
            garbled.to_string().contains("LATCHKEY_PROXIES"),
            "{garbled}"
        );
        assert!(variables.list("LATCHKEY_REGIONS").is_err());
    }
}
