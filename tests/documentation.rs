//! The documents agree with the sources: what they quote, name and link to is
//! there.

#[path = "documentation/decisions.rs"]
mod decisions;
#[path = "documentation/guarantees.rs"]
mod guarantees;
#[path = "documentation/jobs.rs"]
mod jobs;
#[path = "documentation/links.rs"]
mod links;
#[path = "documentation/markdown.rs"]
mod markdown;
#[path = "documentation/numbers.rs"]
mod numbers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README.md, CHANGELOG.md and everything in docs/ and .github/, with their
/// texts.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut paths: Vec<_> = ["README.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .into();
    for folder in ["docs", ".github"] {
        paths.extend(files(&root().join(folder), "md"));
    }
    assert!(paths.len() > 5, "the documents were not found: {paths:?}");
    let with_text = |path: PathBuf| {
        let text = read(&path);
        (path, text)
    };
    paths.into_iter().map(with_text).collect()
}

/// All Rust files of these folders, as one text.
fn code(folders: &[&str]) -> String {
    folders
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
        .map(|path| read(&path))
        .collect()
}

/// The files below `folder` with this extension, in order; none when there is
/// no such folder.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Whether this is the name of a loom model, alone or in a table of them.
fn has_model(code: &str, name: &str) -> bool {
    code.contains(&format!("name: \"{name}\",")) || code.contains(&format!("\n    {name}: "))
}

/// The pieces of a line or text in single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// `[A1→B2]` and the like in `text`.
fn edge_labels(text: &str) -> BTreeSet<&str> {
    text.split('[')
        .skip(1)
        .filter_map(|piece| piece.split_once(']'))
        .map(|(label, _)| label)
        .filter(|label| label.contains('→') && label.chars().count() == 5)
        .collect()
}

#[test]
fn the_first_code_block_of_the_readme_is_the_quickstart() {
    let readme = read(&root().join("README.md"));
    let quickstart = read(&root().join("examples/quickstart.rs"));
    let (_, block) = readme.split_once("```rust\n").expect("a code block");
    let (block, _) = block.split_once("```\n").expect("its end");
    assert_eq!(block, quickstart);
    assert!(quickstart.lines().count() <= 40);
}

#[test]
fn the_features_in_the_readme_are_those_of_the_manifest() {
    let manifest = read(&root().join("Cargo.toml"));
    let (_, table) = manifest.split_once("\n[features]\n").expect("features");
    let (table, _) = table.split_once("\n[").expect("their end");
    let features = table.lines().filter(|line| !line.starts_with('#'));
    let features = features.filter_map(|line| line.split_once(" = "));
    let features: BTreeSet<_> = features.map(|(name, _)| name).collect();

    let readme = read(&root().join("README.md"));
    let (_, rows) = readme.split_once("\n| feature | ").expect("their table");
    let (rows, _) = rows.split_once("\n\n").expect("its end");
    let rows = rows.lines().filter(|line| line.starts_with("| `"));
    // Which of them are the default is said in a row, and is none itself.
    let listed = rows.filter_map(|row| quoted(row).next());
    let listed: BTreeSet<_> = listed.chain(["default"]).collect();
    assert_eq!(listed, features);
}

#[test]
fn every_test_and_function_that_a_document_names_exists() {
    let sources = code(&["src", "tests", "examples", "benches", "ci", "loom-tests"]);
    let is_name = |word: &str| {
        word.matches('_').count() >= 2
            && !word.starts_with(METRIC)
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let functions = sources.split("fn ").skip(1);
    let functions = functions.filter_map(|rest| rest.split(['(', '<']).next());
    let functions: BTreeSet<_> = functions.collect();
    let models = code(&["loom-tests/models"]);
    let exists = |word: &str| functions.contains(word) || has_model(&models, word);
    let mut named = 0;
    let mut missing = Vec::new();
    for (path, text) in documents() {
        for word in quoted(&text).filter(|word| is_name(word)) {
            named += 1;
            if !exists(word) {
                missing.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(named > 20, "only {named} names were found");
    assert!(missing.is_empty(), "do not exist: {missing:#?}");
}

/// What the names of all metrics begin with.
const METRIC: &str = "tidegate_";

#[test]
fn the_metrics_in_the_document_are_those_that_are_exported() {
    let document = read(&root().join("docs/observability.md"));
    // A row may go on with `…_other_total`, of the same kind of thing.
    let mut documented = BTreeSet::new();
    let mut kind = "";
    for word in quoted(&document).filter(|word| !word.contains([' ', '(', '{'])) {
        if let Some(name) = word.strip_prefix(METRIC) {
            kind = name.split('_').next().unwrap();
            documented.insert(name.to_owned());
        } else if let Some(rest) = word.strip_prefix("…_") {
            documented.insert(format!("{kind}_{rest}"));
        }
    }
    let without_suffixes = |name: &String| {
        let name = name.trim_end_matches("_total");
        name.trim_end_matches("_seconds").to_owned()
    };
    let documented: BTreeSet<_> = documented.iter().map(without_suffixes).collect();
    let sources = code(&["src/observe/prometheus"]);
    let exported: BTreeSet<_> = sources
        .split("families.")
        .skip(1)
        .filter_map(|call| call.split('"').nth(1))
        .map(str::to_owned)
        .collect();
    assert!(exported.len() > 15, "{exported:?}");
    assert_eq!(documented, exported);
}

#[test]
fn the_happens_before_edges_in_the_document_and_in_the_sources_are_the_same() {
    let document = read(&root().join("docs/memory-ordering.md"));
    let sources = code(&["src"]);
    let in_sources = edge_labels(&sources);
    assert!(in_sources.len() > 10, "{in_sources:?}");
    assert_eq!(edge_labels(&document), in_sources);
}

/// The names in `order("…", …)` and `mutant("…")`.
fn mutants(sources: &str) -> BTreeSet<&str> {
    let calls = ["order(", "mutant("];
    calls
        .iter()
        .flat_map(|call| sources.split(call).skip(1))
        .filter_map(|arguments| arguments.trim_start().strip_prefix('"'))
        .filter_map(|arguments| arguments.split_once('"'))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        .collect()
}

#[test]
fn every_mutant_in_the_sources_is_in_the_document() {
    let document = read(&root().join("docs/memory-ordering.md"));
    let documented: BTreeSet<_> = quoted(&document).collect();
    let sources = code(&["src"]);
    let mutants = mutants(&sources);
    assert!(mutants.len() > 25, "{mutants:?}");
    let missing: Vec<_> = mutants.difference(&documented).collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
}

#[test]
fn every_file_that_a_document_names_exists() {
    let folders = ["src/", "tests/", "examples/", "ci/", ".ci/", "loom-tests/"];
    let mut missing = Vec::new();
    for (path, text) in documents() {
        let named = quoted(&text).filter(|word| {
            folders.iter().any(|folder| word.starts_with(folder)) && !word.contains(' ')
        });
        for name in named.filter(|name| !root().join(name).exists()) {
            missing.push(format!("{}: {name}", path.display()));
        }
    }
    assert!(missing.is_empty(), "do not exist: {missing:#?}");
}
