use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

fn main() {
    let mut graph = Subgraph::new("g");
    let source = graph.add("source", builtin::source_iter(0..9_u32)).unwrap();
    let sink = graph.add("sink", builtin::sink(|_: u32| ())).unwrap();
    graph
        .connect(
            source.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::coalesce(8, |pending: &mut u64, new| *pending += new),
        )
        .unwrap();
}
