//! The host's write-ahead log: what a member has seen survives the death of the process.
