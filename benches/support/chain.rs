//! A chain of nodes, as several benchmarks measure it.

use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;

const SOUND: &str = "the graph is sound";

/// A source of the numbers from 0, so many maps that add one, and a sink that
/// hands them to `consume`; edges of this capacity between.
pub(crate) fn chain(
    maps: usize,
    capacity: usize,
    consume: impl FnMut(u64) + Send + 'static,
) -> Subgraph {
    let mut graph = Subgraph::new("chain");
    let numbers = builtin::source_iter(0_u64..);
    let source = graph.add("source", numbers).expect(SOUND);
    let mut output = source.output(|n| &n.output);
    for index in 0..maps {
        let map = builtin::map(|n: u64| n + 1);
        let map = graph.add(&format!("map{index}"), map).expect(SOUND);
        let input = map.input(|n| &n.input);
        graph
            .connect(output, input, Edge::block(capacity))
            .expect(SOUND);
        output = map.output(|n| &n.output);
    }
    let sink = graph.add("sink", builtin::sink(consume)).expect(SOUND);
    let input = sink.input(|n| &n.input);
    graph
        .connect(output, input, Edge::block(capacity))
        .expect(SOUND);
    graph
}
