//! What validation finds.

use alloc::string::String;
use core::fmt;

/// Whether an issue refuses the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The graph runs, but perhaps not as intended.
    Warning,
    /// The graph cannot be built.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that is wrong with a graph, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// Whether the graph cannot be built because of it.
    pub severity: Severity,
    /// What kind of issue it is, for programs.
    pub code: IssueCode,
    /// The node, port, edge or subgraph it is about, by path.
    pub location: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl Issue {
    pub(super) fn new(
        code: IssueCode,
        location: impl Into<String>,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            severity: code.severity(),
            code,
            location: location.into(),
            message: message.into(),
            advice: advice.into(),
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}[{}] {}: {}; {}",
            self.severity, self.code, self.location, self.message, self.advice
        )
    }
}

/// Declares the codes: variant, stable text, severity.
macro_rules! issue_codes {
    ($($(#[$doc:meta])* $code:ident = $text:literal $severity:ident,)*) => {
        /// The kinds of issue. Their texts are stable: scripts may rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum IssueCode {
            $($(#[$doc])* $code,)*
        }

        impl IssueCode {
            /// Every code, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The code as text, such as `"duplicate-node"`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text,)* }
            }

            /// How severe an issue of this kind is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)* }
            }
        }
    };
}

issue_codes! {
    /// The graph's own name cannot be used.
    BadName = "bad-name" Error,
    /// There is no node.
    EmptyGraph = "empty-graph" Error,
    /// Two nodes or nested subgraphs have the same path.
    DuplicateNode = "duplicate-node" Error,
    /// A connection or exposure by name names a node or port that does not
    /// exist.
    UnknownPort = "unknown-port" Error,
    /// A connection or exposure by name uses an input as an output, or the
    /// reverse.
    WrongDirection = "wrong-direction" Error,
    /// A connection by name joins ports of different payload types, or its
    /// merge function is for another type.
    TypeMismatch = "type-mismatch" Error,
    /// An edge cannot hold a single message.
    ZeroCapacity = "zero-capacity" Error,
    /// An edge is larger than [`MAX_CAPACITY`](crate::edge::MAX_CAPACITY).
    OversizedCapacity = "oversized-capacity" Error,
    /// The maximum capacity of an edge is below its capacity.
    MaxCapacityTooSmall = "max-capacity-too-small" Error,
    /// An output may send more at once than its Block edge ever holds.
    FanOutTooLarge = "fan-out-too-large" Error,
    /// An edge takes Coalesce from a port's default, which cannot have a merge
    /// function.
    BadPortDefault = "bad-port-default" Error,
    /// The same two ports are connected twice.
    DuplicateEdge = "duplicate-edge" Error,
    /// A port has more than one edge.
    PortInUse = "port-in-use" Error,
    /// A required port has no edge.
    UnconnectedPort = "unconnected-port" Error,
    /// The name of an exposure cannot be used, or its port has an edge inside.
    BadExposure = "bad-exposure" Error,
    /// Two exposures share a name, or a port.
    DuplicateExposure = "duplicate-exposure" Error,
    /// A Control edge whose policy is Drop refuses the newest commands, which
    /// are the ones that count.
    DropOnControl = "drop-on-control" Error,
    /// A Control edge whose policy is Latest or Coalesce delivers the state
    /// after the newest command, but not every command; nor does one whose
    /// messages expire.
    LossyControl = "lossy-control" Warning,
    /// A cycle made only of Block edges can deadlock.
    BlockCycle = "block-cycle" Error,
    /// The maximum age of an edge's messages is zero.
    ZeroAge = "zero-age" Error,
    /// The watermarks of an edge are not in order, or it cannot reach them.
    BadWatermarks = "bad-watermarks" Error,
    /// A tick interval is zero.
    ZeroTick = "zero-tick" Error,
    /// A node is to be quarantined before its first fault.
    ZeroQuarantine = "zero-quarantine" Error,
    /// A node is to be restarted but has no factory.
    NoFactory = "no-factory" Error,
    /// A node has neither ports nor a tick: it is called only if it asks for
    /// it itself.
    NothingToDo = "nothing-to-do" Warning,
    /// A node is placed on a worker that does not exist.
    NoSuchWorker = "no-such-worker" Error,
    /// A cost is given for a node that does not exist.
    UnknownCost = "unknown-cost" Warning,
    /// A worker has more nodes than it can hold.
    WorkerFull = "worker-full" Error,
    /// A worker has no nodes.
    IdleWorker = "idle-worker" Warning,
}

impl fmt::Display for IssueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_texts_are_distinct() {
        let mut texts: Vec<_> = IssueCode::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), IssueCode::ALL.len());
    }

    #[test]
    fn an_issue_displays_severity_code_place_cause_and_advice() {
        let issue = Issue::new(
            IssueCode::ZeroCapacity,
            "a:out->b:in",
            "it is 0",
            "raise it",
        );
        assert_eq!(
            issue.to_string(),
            "error[zero-capacity] a:out->b:in: it is 0; raise it"
        );
    }
}
