//! Every guarantee is held by something that exists.
//!
//! A promise is a row of a table whose last column is "held by"; text outside
//! of tables only explains, and shows it by beginning with an emphasised word.

use std::path::Path;

use super::markdown::{definitions, prose, references};
use super::{has_model, read, root};

/// Sections without promises.
const APART: [&str; 3] = ["", "Terms", "Not promised"];

/// The sections of the page with their lines; what stands before the first one
/// has no title.
fn sections(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sections = vec![("", Vec::new())];
    for line in prose(text) {
        match line.strip_prefix("## ") {
            Some(title) => sections.push((title, Vec::new())),
            None => sections.last_mut().unwrap().1.push(line),
        }
    }
    sections
}

/// Whether this file has a test, a model or a budget of that name.
fn holds(file: &Path, name: &str) -> bool {
    let text = read(file);
    if file
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        return text.contains(&format!("\"metric\": \"{name}\""));
    }
    if file.starts_with(root().join("loom-tests/models")) {
        return has_model(&text, name);
    }
    let Some(line) = text.find(&format!("fn {name}(")) else {
        return false;
    };
    let before = text[..line].trim_end().lines().rev().map(str::trim_start);
    let mut attributes = before.take_while(|line| line.starts_with(['#', '/']));
    attributes.any(|line| line == "#[test]")
}

#[test]
fn every_promise_names_what_holds_it() {
    let page = read(&root().join("docs/guarantees.md"));
    let definitions = definitions(&page);
    let mut promises = 0;
    let mut unheld = Vec::new();
    for (title, lines) in sections(&page) {
        if APART.contains(&title) {
            continue;
        }
        let rows = lines.iter().filter(|line| line.starts_with('|'));
        let mut rows = rows.map(|row| row.trim_matches('|').rsplit_once('|').unwrap());
        assert_eq!(rows.next().unwrap().1.trim(), "held by", "{title}");
        for (promise, held_by) in rows.skip(1) {
            promises += 1;
            let mut names = references(held_by).peekable();
            if names.peek().is_none() {
                unheld.push(format!("{title}: {promise}: by nothing"));
            }
            let known = |name: &&str| {
                let file = definitions
                    .get(name)
                    .map(|file| root().join("docs").join(file));
                file.is_some_and(|file| holds(&file.canonicalize().unwrap_or_default(), name))
            };
            let missing = names.filter(|name| !known(name));
            unheld.extend(missing.map(|name| format!("{title}: {promise}: by {name}")));
        }
    }
    assert!(promises > 120, "only {promises} promises were found");
    assert!(unheld.is_empty(), "{unheld:#?}");
}

#[test]
fn no_promise_hides_outside_of_the_tables() {
    let page = read(&root().join("docs/guarantees.md"));
    let mut stray = Vec::new();
    for (title, lines) in sections(&page) {
        if APART.contains(&title) {
            continue;
        }
        let mut above = "";
        for line in lines {
            let begins = above.is_empty() && !line.is_empty();
            if begins && !line.starts_with(['|', '*', '[']) && !line.starts_with("1. ") {
                stray.push(format!("{title}: {line}"));
            }
            above = line;
        }
    }
    assert!(
        stray.is_empty(),
        "neither promised nor explained: {stray:#?}"
    );
}
