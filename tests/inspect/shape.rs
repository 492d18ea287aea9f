//! What the protocol promises to other versions.

use std::collections::BTreeSet;

use serde_json::Value;
use tidegate::observe::inspect::{self, Inspector, PROTOCOL_VERSION};

use crate::common::MANY;
use crate::{PATIENCE, pair};

/// What is itself made of named figures; a figure below may be absent, or be a
/// duration or a distribution.
const CONTAINERS: [&str; 6] = [
    "",
    "snapshot",
    "snapshot.edges.*",
    "snapshot.edges.*.ledger",
    "snapshot.nodes.*",
    "snapshot.workers.*",
];

/// The path of every figure, with `*` for the items of a list.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if CONTAINERS.contains(&at) => {
            for (name, value) in fields {
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                paths(value, &path, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{at}.*"), found);
            }
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

/// Change the shape, and the version changes with it, here and there.
#[test]
fn the_shape_of_a_reading_belongs_to_the_protocol_version() {
    let (lab, mut engine) = pair(20);
    engine.run_until_idle(MANY);
    let folder = tempfile::tempdir().unwrap();
    let inspector = Inspector::serve(&engine.handle(), folder.path().join("s")).unwrap();
    let reading = inspect::read(inspector.path(), PATIENCE).unwrap();
    let mut found = BTreeSet::new();
    paths(&serde_json::to_value(&reading).unwrap(), "", &mut found);
    let found: Vec<_> = found.into_iter().collect();
    let expected: Vec<_> = include_str!("shape.txt").lines().collect();
    assert_eq!(found, expected, "{}", found.join("\n"));
    assert_eq!(PROTOCOL_VERSION, 3, "the version that shape.txt is of");
    lab.assert_conserved(&engine.shutdown(MANY));
}
