//! Black-box suites over the real binary.
