//! Every port on SQLite and plain files, for one machine.
