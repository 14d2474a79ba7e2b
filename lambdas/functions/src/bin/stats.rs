//! The function `stats`.

fn main() {}
