//! As much of Markdown as the documents need: headings, links, definitions.

use std::collections::{BTreeMap, BTreeSet};

/// The lines outside of code blocks.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// The targets of `[text](target)` and of `[label]: target`.
pub(crate) fn links(text: &str) -> Vec<&str> {
    let inline = prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target);
    inline.chain(definitions(text).into_values()).collect()
}

/// What ``[`label`]: target`` says, by label.
pub(crate) fn definitions(text: &str) -> BTreeMap<&str, &str> {
    let definition = |line| {
        let (label, target) = str::strip_prefix(line, "[`")?.split_once("`]:")?;
        Some((label, target.trim()))
    };
    prose(text).filter_map(definition).collect()
}

/// The labels of ``[`label`]`` in a piece of text, where nothing says what it
/// leads to but a definition.
pub(crate) fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("[`")
        .skip(1)
        .filter_map(|rest| rest.split_once("`]"))
        .filter(|(_, after)| !after.starts_with(['(', '[', ':']))
        .map(|(label, _)| label)
}

/// What a link may have after `#`: the headings, as GitHub makes anchors of them.
pub(crate) fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    for heading in headings {
        let plain = anchor(heading.trim_start_matches('#').trim());
        let again = (1..).map(|number| format!("{plain}-{number}"));
        let new = std::iter::once(plain.clone())
            .chain(again)
            .find(|name| !found.contains(name));
        found.extend(new);
    }
    found
}

fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text = heading.to_lowercase();
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}
