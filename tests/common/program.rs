//! Programs that run beside a test.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

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
