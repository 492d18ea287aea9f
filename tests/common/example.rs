//! Examples, built to be run as programs.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Builds an example if need be, the way this test was built; where it is.
#[track_caller]
pub(crate) fn build(name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--quiet", "--locked", "--message-format=json"]);
    cargo.args(["--example", name]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{name} does not build: {output:?}");
    let messages = String::from_utf8(output.stdout).expect("text");
    let message = |line| serde_json::from_str::<Value>(line).expect("JSON");
    let mut messages = messages.lines().map(message);
    let path = messages.find_map(|message| {
        let executable = message["executable"].as_str()?;
        (message["target"]["name"] == name).then(|| PathBuf::from(executable))
    });
    path.expect("an executable")
}
