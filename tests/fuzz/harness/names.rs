//! Connecting by arbitrary addresses, and arbitrary names.

use tidegate::graph::{Edge, IssueCode, Severity, Subgraph};
use tidegate::node::{Direction, builtin};
use tidegate::{MAX_NAME, Name};

/// The outputs of the graph that carry numbers, and its inputs for them.
const OUTPUTS: [&str; 5] = [
    "source:out",
    "tee:out0",
    "tee:out1",
    "inner:filtered",
    "inner/filter:out",
];
const INPUTS: [&str; 7] = [
    "tee:in",
    "sink:in",
    "inner:numbers",
    "inner/filter:in",
    "deep:numbers",
    "deep/deepest:numbers",
    "deep/deepest/sink:in",
];

/// Takes the first two lines of the bytes for an output and an input. They can
/// be connected exactly if that is what they are, now or later; and a text is
/// a name exactly if the rules say so.
pub(crate) fn names(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let (from, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let to = rest.split_once('\n').map_or(rest, |(to, _)| to);
    check_name(from);
    check_name(to);
    let expected = OUTPUTS.contains(&from) && INPUTS.contains(&to);

    let mut graph = numbers();
    let connected = graph.connect_by_name(from, to, Edge::latest(1));
    assert_eq!(
        connected.is_ok(),
        expected,
        "{from:?} to {to:?}: {connected:?}"
    );
    if let Err(error) = connected {
        assert!(!error.to_string().is_empty());
    }

    let mut graph = numbers();
    graph.connect_later(from, to, Edge::latest(1));
    let issues = graph.validate();
    let refused = issues.iter().any(|issue| {
        matches!(
            issue.code,
            IssueCode::UnknownPort | IssueCode::WrongDirection | IssueCode::TypeMismatch
        )
    });
    assert_eq!(refused, !expected, "{from:?} to {to:?}: {issues:?}");

    let mut graph = numbers();
    graph.expose_later(Direction::Output, to, from);
    let exposed = graph.validate();
    let errors = exposed.iter().filter(|issue| {
        let about_exposures = matches!(
            issue.code,
            IssueCode::UnknownPort | IssueCode::WrongDirection | IssueCode::BadExposure
        );
        issue.severity == Severity::Error && about_exposures
    });
    let sound = (OUTPUTS.contains(&from) || from == "text:out") && is_name(to);
    assert_eq!(
        errors.count() == 0,
        sound,
        "{to:?} for {from:?}: {exposed:?}"
    );
    expected
}

/// A graph with the ports above, and one of text; nothing is connected but
/// what is inside of the subgraphs.
fn numbers() -> Subgraph {
    let mut deepest = Subgraph::new("deepest");
    deepest
        .add("sink", builtin::sink(|_: u64| ()))
        .expect("a sound name");
    deepest.expose_later(Direction::Input, "numbers", "sink:in");
    let mut deep = Subgraph::new("deep");
    deep.nest(deepest).expect("a sound name");
    deep.expose_later(Direction::Input, "numbers", "deepest:numbers");

    let mut inner = Subgraph::new("inner");
    inner
        .add("filter", builtin::filter(|_: &u64| true))
        .expect("a sound name");
    inner.expose_later(Direction::Input, "numbers", "filter:in");
    inner.expose_later(Direction::Output, "filtered", "filter:out");

    let mut graph = Subgraph::new("numbers");
    graph
        .add("source", builtin::source_iter(0..9_u64))
        .expect("a sound name");
    graph
        .add("text", builtin::source_iter([String::new()]))
        .expect("a sound name");
    graph
        .add("tee", builtin::tee::<u64>(2))
        .expect("a sound name");
    graph
        .add("sink", builtin::sink(|_: u64| ()))
        .expect("a sound name");
    graph.nest(deep).expect("a sound name");
    graph.nest(inner).expect("a sound name");
    graph
}

fn check_name(text: &str) {
    match Name::new(text) {
        Ok(name) => {
            assert!(is_name(text), "{text:?}");
            assert_eq!(name.as_str(), text);
        }
        Err(error) => {
            assert!(!is_name(text), "{text:?}: {error}");
            assert!(!error.to_string().is_empty());
        }
    }
}

/// What the documentation says of names.
fn is_name(text: &str) -> bool {
    let syntax = [':', '/', '>'];
    let allowed = |c: char| !syntax.contains(&c) && !c.is_whitespace() && !c.is_control();
    (1..=MAX_NAME).contains(&text.len()) && text.chars().all(allowed)
}
