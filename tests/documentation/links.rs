//! Links lead somewhere, and every page is led to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::markdown::{anchors, definitions, links, prose, references};
use super::{documents, root};

/// The folder's path with `link` applied, without `..` in it.
fn target(folder: &Path, link: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// All links of all documents within the repository: where, to what, and what
/// is after the `#`.
fn all(documents: &BTreeMap<PathBuf, String>) -> Vec<(&Path, PathBuf, Option<&str>)> {
    let mut found = Vec::new();
    for (path, text) in documents {
        for link in links(text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = match link.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (link, None),
            };
            let to = match file {
                "" => path.clone(),
                file => target(path.parent().unwrap(), file),
            };
            found.push((path.as_path(), to, anchor));
        }
    }
    assert!(found.len() > 100, "only {} links were found", found.len());
    found
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_in_it() {
    let documents = documents();
    let mut broken = Vec::new();
    for (from, to, anchor) in all(&documents) {
        let there = match (anchor, documents.get(&to)) {
            (Some(anchor), Some(text)) => anchors(text).contains(anchor),
            (Some(_), None) => false,
            (None, _) => to.exists(),
        };
        if !there {
            let anchor = anchor.map(|anchor| format!("#{anchor}"));
            let anchor = anchor.unwrap_or_default();
            broken.push(format!("{}: {}{anchor}", from.display(), to.display()));
        }
    }
    assert!(broken.is_empty(), "lead nowhere: {broken:#?}");
}

#[test]
fn every_reference_has_its_definition_and_every_definition_is_used() {
    let mut wrong = Vec::new();
    for (path, text) in documents() {
        let defined: BTreeSet<_> = definitions(&text).into_keys().collect();
        let used: BTreeSet<_> = prose(&text).flat_map(references).collect();
        for label in defined.symmetric_difference(&used) {
            wrong.push(format!("{}: {label}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "on one side only: {wrong:#?}");
}

#[test]
fn every_page_can_be_reached_from_the_index_and_the_index_from_the_readme() {
    let documents = documents();
    let links = all(&documents);
    let leads_to = |from: &Path| -> Vec<PathBuf> {
        let links = links.iter().filter(|(page, ..)| *page == from);
        links.map(|(_, to, _)| to.clone()).collect()
    };
    let index = root().join("docs/index.md");
    let readme = root().join("README.md");
    assert!(leads_to(&readme).contains(&index), "the index");
    let folder = root().join("docs");
    let mut lost: BTreeSet<_> = documents.keys().cloned().collect();
    lost.retain(|page| page.starts_with(&folder) && *page != index);
    let mut next = vec![index];
    while let Some(page) = next.pop() {
        next.extend(leads_to(&page).into_iter().filter(|to| lost.remove(to)));
    }
    assert!(lost.is_empty(), "nothing leads to: {lost:#?}");
}
