//! The game host: listener, connections, claims, migration to the archive, drain.
