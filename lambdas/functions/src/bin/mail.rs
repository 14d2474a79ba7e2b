//! The function `mail`.

fn main() {}
