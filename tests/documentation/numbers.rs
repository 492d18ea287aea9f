//! Numbers and members of types that documents name are those of the library.

use std::collections::BTreeSet;

use tidegate::{MAX_NAME, edge, engine, node};

use super::markdown::prose;
use super::{code, documents, quoted, read, root};

/// As it is written in a document: 1,048,576.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn the_limits_in_the_document_are_those_of_the_library() {
    let page = read(&root().join("docs/limits.md"));
    for (name, value) in [
        ("edge::MAX_CAPACITY", edge::MAX_CAPACITY),
        ("node::MAX_PORTS", node::MAX_PORTS),
        ("engine::MAX_WORKERS", engine::MAX_WORKERS),
        ("engine::MAX_ARTEFACTS", engine::MAX_ARTEFACTS),
        ("MAX_NAME", MAX_NAME),
    ] {
        let row = page
            .lines()
            .find(|line| line.contains(&format!("`{name}`")));
        let row = row.unwrap_or_else(|| panic!("{name} has no row"));
        let words: Vec<_> = row.split([' ', ';']).collect();
        assert!(
            words.contains(&&*grouped(value)),
            "{name} is {value}: {row}"
        );
    }
}

/// `Type::member`, wherever it stands in a piece of code.
fn members(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices("::").filter_map(move |(at, _)| {
        let owner = code[..at].rsplit(|c| !is_word(c)).next()?;
        let member = code[at + 2..].split(|c| !is_word(c)).next()?;
        let is_type = owner.starts_with(|c: char| c.is_ascii_uppercase());
        (is_type && !member.is_empty()).then_some((owner, member))
    })
}

#[test]
fn every_member_of_a_type_that_a_document_names_exists() {
    let sources = code(&["src", "tests", "examples", "benches", "loom-tests"]);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: BTreeSet<_> = sources.split(|c| !is_word(c)).collect();
    let mut named = 0;
    let mut missing = Vec::new();
    for (path, text) in documents() {
        let text: String = prose(&text).map(|line| format!("{line}\n")).collect();
        for (owner, member) in quoted(&text).flat_map(members) {
            named += 1;
            if !words.contains(owner) || !words.contains(member) {
                missing.push(format!("{}: {owner}::{member}", path.display()));
            }
        }
    }
    assert!(named > 100, "only {named} were found");
    assert!(missing.is_empty(), "do not exist: {missing:#?}");
}

#[test]
fn the_counts_of_models_and_mutants_are_those_of_the_sources() {
    let page = read(&root().join("docs/verification.md"));
    let models = code(&["loom-tests/models"]);
    // Some are listed by name, others are the rows of a table.
    let lists = models.split("model_tests!(").skip(1);
    let lists = lists.filter_map(|rest| rest.split_once(");"));
    let lists = lists.filter(|(list, _)| !list.contains('$'));
    let listed: usize = lists.map(|(list, _)| list.split(',').count()).sum();
    let is_row = |line: &&str| line.contains(" => ") && line.contains(" / ") && !line.contains('$');
    let models = listed + models.lines().filter(is_row).count();

    let mutants = read(&root().join("loom-tests/models/mutants.rs"));
    let entries = |from: &str, to: &str| {
        let table = mutants.split_once(from).unwrap().1.split_once(to).unwrap();
        let lines = table.0.lines().map(str::trim_start);
        let lines = lines.filter(|line| line.starts_with(['(', '"']));
        lines.filter(|line| line.contains("\",")).count()
    };
    let killed = entries("const KILLED", "const UNSEEN");
    let explained = entries("const UNSEEN", "const SOURCES");

    let shuttle = code(&["loom-tests/shuttle/tests/engine"]);
    let explored = shuttle.matches(" explore(").count() - 1; // the function itself
    let seeded = shuttle
        .lines()
        .filter(|line| line.trim_start().starts_with('"') && line.contains("\" in "));
    for counts in [
        format!("{models} models, each plain and shimmed"),
        format!(
            "{} mutants: {killed} killed, {explained} explained",
            killed + explained
        ),
        format!("{explored} models, 5,000 random"),
        format!("{} bugs, each found", seeded.count()),
    ] {
        assert!(
            page.contains(&counts),
            "docs/verification.md should say {counts}"
        );
    }
}
