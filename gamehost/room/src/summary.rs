//! The fold of a room's log: all that a host must know of it without reading it again.
