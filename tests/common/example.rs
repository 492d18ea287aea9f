//! Examples, run as programs.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

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

/// A running program, whose lines are read one by one. Ends with the value.
pub(crate) struct Program {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let output = child.stdout.take().expect("piped");
        let lines = BufReader::new(output).lines();
        Self { child, lines }
    }

    /// The next line that it prints.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let line = self.lines.next().expect("one more line");
        line.expect("text")
    }

    /// The next line, which is JSON, and the last one of a program that
    /// succeeds.
    #[track_caller]
    pub(crate) fn report(mut self) -> Value {
        let line = self.line();
        assert!(self.lines.next().is_none(), "more lines");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {line}");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
