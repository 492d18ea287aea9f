//! The records of decisions are numbered, listed, short and complete.

use super::{files, read, root};

const SECTIONS: [&str; 5] = [
    "Context",
    "Decision",
    "Alternatives",
    "Consequences",
    "Evidence",
];

#[test]
fn every_decision_is_numbered_listed_short_and_complete() {
    let folder = root().join("docs/adr");
    let index = read(&folder.join("README.md"));
    let mut records = files(&folder, "md");
    records.retain(|path| !path.ends_with("README.md"));
    assert!(records.len() > 10, "{records:?}");
    for (number, path) in (1..).zip(records) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!("{number:04}-")), "{name}");
        let text = read(&path);
        let title = text.strip_prefix(&format!("# {number}. "));
        let title = title.and_then(|rest| rest.lines().next()).expect(name);
        let row = format!("| [{number}]({name}) | {title} |");
        assert!(index.contains(&row), "the index has no {row}");
        let sections = text.lines().filter_map(|line| line.strip_prefix("## "));
        assert!(sections.eq(SECTIONS), "{name}");
        assert!(text.lines().count() <= 80, "{name}");
    }
}
