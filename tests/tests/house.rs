//! The house rules that a compiler does not check: who may depend on whom, that every file says what lives in it, and that
//! pages tell of what the code cites and logs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each of our crates and those of ours it may depend on. An arrow that is not here is forbidden.
const ARROWS: &[(&str, &[&str])] = &[
    ("latchkey-protocol", &[]),
    ("latchkey-room", &["latchkey-protocol"]),
    ("latchkey-journal", &["latchkey-protocol"]),
    ("latchkey-platform", &["latchkey-protocol"]),
    ("latchkey-site", &["latchkey-platform", "latchkey-protocol"]),
    ("latchkey-jobs", &["latchkey-platform", "latchkey-protocol"]),
    (
        "latchkey-host",
        &["latchkey-journal", "latchkey-protocol", "latchkey-room"],
    ),
    (
        "latchkey-embedded",
        &["latchkey-host", "latchkey-platform", "latchkey-protocol"],
    ),
    (
        "latchkey-cloud",
        &["latchkey-host", "latchkey-platform", "latchkey-protocol"],
    ),
    (
        "latchkey-functions",
        &[
            "latchkey-cloud",
            "latchkey-jobs",
            "latchkey-platform",
            "latchkey-protocol",
            "latchkey-site",
        ],
    ),
    (
        "latchkey-server",
        &[
            "latchkey-cloud",
            "latchkey-host",
            "latchkey-journal",
            "latchkey-platform",
            "latchkey-protocol",
        ],
    ),
    ("latchkey-emulators", &[]),
    ("latchkey-cloud-tests", &["latchkey-emulators"]),
    (
        "latchkey",
        &[
            "latchkey-embedded",
            "latchkey-host",
            "latchkey-jobs",
            "latchkey-journal",
            "latchkey-platform",
            "latchkey-protocol",
            "latchkey-room",
            "latchkey-site",
        ],
    ),
    (
        "latchkey-bench",
        &[
            "latchkey-embedded",
            "latchkey-host",
            "latchkey-journal",
            "latchkey-protocol",
        ],
    ),
];

/// Libraries that must not be found anywhere below a crate of ours, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    (
        "latchkey-protocol",
        &["tokio", "getrandom", "rand", "chrono"],
        "no runtime, clock or randomness",
    ),
    (
        "latchkey-room",
        &["tokio", "getrandom", "rand", "chrono"],
        "no runtime, clock or randomness",
    ),
    (
        "latchkey-journal",
        &["tokio", "getrandom", "rand", "chrono"],
        "no runtime, clock or randomness",
    ),
    (
        "latchkey-platform",
        &["axum", "hyper", "http", "tokio", "rusqlite"],
        "no HTTP, runtime or store",
    ),
    (
        "latchkey",
        &[
            "aws-config",
            "aws-sdk-dynamodb",
            "aws-sdk-sqs",
            "aws-sdk-s3",
            "mongodb",
            "lambda_http",
        ],
        "no cloud SDK on one machine",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .to_path_buf()
}

/// Names of all packages below `package`, itself included, without those only needed for its tests or build.
fn below(package: &str, depth: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--locked",
            "--offline",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--depth",
            depth,
            "-p",
            package,
        ])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{package} does not resolve: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn our_crates_depend_on_each_other_only_along_the_arrows() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for (package, allowed) in &arrows {
        let found = below(package, "1");
        assert!(
            found.contains(*package),
            "cargo tree of {package} does not name it"
        );
        let ours = found
            .into_iter()
            .filter(|name| arrows.contains_key(name.as_str()) && name != package);
        for name in ours {
            assert!(
                allowed.contains(&name.as_str()),
                "{package} must not depend on {name}"
            );
        }
    }
}

#[test]
fn every_crate_of_the_workspace_is_in_the_table_of_arrows() {
    let manifest =
        fs::read_to_string(root().join("Cargo.toml")).expect("the workspace manifest is there");
    let members = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .expect("members are listed")
        .0;
    let members: Vec<_> = members.split('"').skip(1).step_by(2).collect();
    assert!(
        members.len() >= ARROWS.len(),
        "the list of members was not read"
    );
    for member in members.into_iter().filter(|member| *member != "tests") {
        let manifest = fs::read_to_string(root().join(member).join("Cargo.toml"))
            .expect("each member has a manifest");
        let name = manifest.split('"').nth(1).expect("the name comes first");
        assert!(
            ARROWS.iter().any(|(package, _)| *package == name),
            "{name} is not in the table"
        );
    }
}

#[test]
fn no_crate_pulls_in_what_its_layer_must_not_know() {
    for (package, forbidden, why) in FORBIDDEN {
        let found = below(package, "99");
        assert!(
            found.len() > 3,
            "cargo tree of {package} names too little to mean anything"
        );
        for name in *forbidden {
            assert!(!found.contains(*name), "{package} pulls in {name}: {why}");
        }
    }
}

fn sources(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.is_dir()
            && !name.starts_with('.')
            && !["target", "node_modules", "output", "data"].contains(&name.as_str())
        {
            sources(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

#[test]
fn every_rust_file_says_what_lives_in_it() {
    let mut files = Vec::new();
    sources(&root(), "rs", &mut files);
    assert!(files.len() > 20, "only {} files were found", files.len());
    let silent: Vec<_> = files
        .iter()
        .filter(|path| {
            !fs::read_to_string(path)
                .expect("the file can be read")
                .starts_with("//!")
        })
        .collect();
    assert!(
        silent.is_empty(),
        "these files do not begin with //! and what lives there: {silent:#?}"
    );
}

#[test]
fn no_source_file_is_too_long_to_read() {
    const LINES: usize = 600;
    let mut files = Vec::new();
    for extension in ["rs", "js", "css"] {
        sources(&root(), extension, &mut files);
    }
    let long: Vec<_> = files
        .iter()
        .map(|path| {
            (
                path,
                fs::read_to_string(path)
                    .expect("the file can be read")
                    .lines()
                    .count(),
            )
        })
        .filter(|(_, lines)| *lines > LINES)
        .collect();
    assert!(long.is_empty(), "files over {LINES} lines: {long:#?}");
}

#[test]
fn clauses_that_are_cited_exist() {
    let protocol =
        fs::read_to_string(root().join("docs/protocol.md")).expect("the protocol is documented");
    let mut files = Vec::new();
    for extension in ["rs", "js"] {
        sources(&root(), extension, &mut files);
    }
    let mut cited = 0;
    for path in files {
        let text = fs::read_to_string(&path).expect("the file can be read");
        for word in text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .map(|word| word.trim_end_matches('.'))
        {
            let Some((part, clause)) = word.strip_prefix('P').and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            if part.parse::<u8>().is_ok() && clause.parse::<u8>().is_ok() {
                cited += 1;
                assert!(
                    protocol.contains(&format!("**{word}**")),
                    "{} cites {word}, which docs/protocol.md does not have",
                    path.display()
                );
            }
        }
    }
    assert!(cited > 20, "only {cited} citations were found");
}

/// What each call of `macros` in `source` says: its last literal, up to the first semicolon or colon, behind which lines
/// go on with what they lead to.
fn said<'s>(source: &'s str, macros: &[&str]) -> Vec<&'s str> {
    let calls = macros.iter().flat_map(|call| source.split(*call).skip(1));
    calls
        .map(|call| {
            let literal = last_literal(call);
            literal.split([';', ':']).next().unwrap_or(literal)
        })
        .collect()
}

/// The last literal before the bracket that ends a call.
fn last_literal(call: &str) -> &str {
    let (mut depth, mut literal, mut begun, mut escaped) = (1, "", None, false);
    for (at, letter) in call.char_indices() {
        match (begun, letter) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(from), '"') => {
                literal = &call[from..at];
                begun = None;
            }
            (Some(_), _) => {}
            (None, '"') => begun = Some(at + 1),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            break;
        }
    }
    literal
}

#[test]
fn every_warning_and_error_is_in_the_table_of_the_operators_page_and_none_besides() {
    let page =
        fs::read_to_string(root().join("docs/operating.md")).expect("operating is documented");
    let mut files = Vec::new();
    for folder in ["adapters", "gamehost", "lambdas", "operator", "platform"] {
        sources(&root().join(folder), "rs", &mut files);
    }
    let texts: Vec<_> = files
        .iter()
        .map(|path| fs::read_to_string(path).expect("the file can be read"))
        .collect();
    let mut lines = 0;
    for text in &texts {
        for words in said(text, &["tracing::warn!(", "tracing::error!("]) {
            lines += 1;
            let told = ['`', ';', ':'].map(|end| format!("`{words}{end}"));
            assert!(
                told.iter().any(|told| page.contains(told)),
                "docs/operating.md does not say what to do about `{words}`"
            );
        }
    }
    assert!(lines > 40, "only {lines} lines were found");
    let table = page.split_once("### Log lines").expect("it has a table").1;
    let table = table.split_once("\n### ").expect("more follows").0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let names = row.split(" | ").next().unwrap_or_default();
        for name in names.split('`').skip(1).step_by(2) {
            assert!(
                texts.iter().any(|text| text.contains(&format!("\"{name}"))),
                "docs/operating.md explains `{name}`, which nothing says"
            );
        }
    }
}
