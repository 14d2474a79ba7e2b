//! The table of claims. Its items have one key, `pk`, which begins with what they are for. Their ports are implemented in
//! [`super::sends`], [`super::stops`] and [`super::rates`].

use aws_config::SdkConfig;

use super::item::{Attributes, item, text};
use super::table::Table;
use crate::aws::{Patience, USUAL};

/// The table of claims.
#[derive(Debug, Clone)]
pub struct DynamoClaims(pub(super) Table);

impl DynamoClaims {
    /// The claims in this table, in the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        Self::with_patience(config, USUAL, table)
    }

    /// The same for those who can wait longer, or less long.
    #[must_use]
    pub fn with_patience(config: &SdkConfig, patience: Patience, table: &str) -> Self {
        Self(Table::new(config, patience, table))
    }
}

/// The key of what `kind` of thing this is.
pub(super) fn key(kind: &str, of: impl std::fmt::Display) -> Attributes {
    item([("pk", text(format!("{kind}#{of}")))])
}
