//! In-memory doubles of every port.
