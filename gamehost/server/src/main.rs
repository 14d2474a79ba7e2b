//! The binary `gamehost`.

fn main() {}
