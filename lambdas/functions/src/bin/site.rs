//! The function `site`.

fn main() {}
