//! Gathers the assets that are compiled into the site: `web/static`, and `web/sdk` below `sdk/`, so that modules
//! import each other by relative paths. Only what browsers load is taken; tests and tools of the folders stay out.

use std::path::Path;
use std::{env, fs, io};

/// Endings of files that browsers load.
const SERVED: &[&str] = &["css", "js", "svg", "png", "webp", "ico", "woff2", "txt"];
/// Folders that hold no assets.
const SKIPPED: &[&str] = &["test", "tests", "node_modules"];

fn main() -> io::Result<()> {
    // Asked at run time: a script that was compiled for another checkout may be used again for this one.
    let here = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let web = Path::new(&here).join("../../web");
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    let tree = Path::new(&out).join("assets");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    gather(&web.join("static"), &tree)?;
    gather(&web.join("sdk"), &tree.join("sdk"))?;
    for watched in ["static", "sdk", "pages"] {
        println!("cargo::rerun-if-changed={}", web.join(watched).display());
    }
    Ok(())
}

fn gather(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let named = |names: &[&str]| names.iter().any(|skipped| name == *skipped);
        if path.is_dir() {
            if !named(SKIPPED) {
                gather(&path, &to.join(&name))?;
            }
        } else if path
            .extension()
            .is_some_and(|ending| SERVED.iter().any(|served| ending == *served))
        {
            fs::copy(&path, to.join(&name))?;
        }
    }
    Ok(())
}
