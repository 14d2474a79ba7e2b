//! The binary `latchkey`: the whole platform on this machine, and the operator's commands.
fn main() {}
