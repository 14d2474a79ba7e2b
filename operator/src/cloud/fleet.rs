//! Which hosts of AWS a command is about, as the command line names them.

use clap::Args;

use super::environment::Environment;

/// Which hosts of AWS are meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Fleet {
    /// The hosts of an environment on AWS instead of a data folder's.
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) environment: Option<Environment>,
    /// The region of the environment's root stack.
    #[arg(
        long,
        value_name = "REGION",
        default_value = "us-east-1",
        env = "LATCHKEY_HOME_REGION",
        global = true
    )]
    pub(crate) home_region: String,
    /// The region whose machines are published for or rolled [default: that of the root stack].
    #[arg(long, value_name = "REGION", global = true)]
    pub(crate) region: Option<String>,
}

impl Fleet {
    /// The region whose machines are meant.
    pub(crate) fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(&self.home_region)
    }
}
