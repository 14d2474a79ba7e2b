//! Builds the binary anew when a built-in title or the sdk changes: the compiler does not see the folders it includes.

fn main() {
    for folder in ["games", "sdk"] {
        println!("cargo::rerun-if-changed=../web/{folder}");
    }
}
