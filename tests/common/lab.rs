//! A graph of probes, and the comparison of their counts with the ledger.

use std::collections::HashMap;

use tidegate::engine::{Engine, EngineBuilder, Report, SteppedEngine};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::NodeOptions;

use super::artefacts::{MOST_EVENTS, Witness, recorder};
use super::probe::Probe;
use super::shared::Count;

/// A graph whose probes' counts are known by port. Its engines leave artefacts
/// when the test fails.
pub(crate) struct Lab {
    pub(crate) graph: Subgraph,
    /// By `node:port`.
    counts: HashMap<String, Count>,
    witness: Witness,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self {
            graph: Subgraph::new("lab"),
            counts: HashMap::new(),
            witness: Witness::default(),
        }
    }

    pub(crate) fn add<T: Send + 'static>(&mut self, name: &str, probe: Probe<T>) -> &mut Self {
        self.add_with(name, probe, NodeOptions::new())
    }

    pub(crate) fn add_on<T: Send + 'static>(
        &mut self,
        worker: usize,
        name: &str,
        probe: Probe<T>,
    ) -> &mut Self {
        self.add_with(name, probe, NodeOptions::new().worker(worker))
    }

    pub(crate) fn add_with<T: Send + 'static>(
        &mut self,
        name: &str,
        probe: Probe<T>,
        options: NodeOptions,
    ) -> &mut Self {
        let probe = self.counts_of(name).install(probe);
        self.graph
            .add_with(name, probe, options)
            .expect("a probe can be added");
        self
    }

    pub(crate) fn add_restartable<T: Send + 'static>(
        &mut self,
        name: &str,
        mut factory: impl FnMut() -> Probe<T> + Send + 'static,
        options: NodeOptions,
    ) -> &mut Self {
        let counts = self.counts_of(name);
        self.graph
            .add_restartable(name, move || counts.install(factory()), options)
            .expect("a probe can be added");
        self
    }

    pub(crate) fn connect(&mut self, from: &str, to: &str, edge: impl Into<Edge>) -> &mut Self {
        self.graph
            .connect_by_name(from, to, edge)
            .expect("the ports exist");
        self
    }

    /// The count of this `node:port`.
    pub(crate) fn count(&self, port: &str) -> Count {
        self.counts[port].clone()
    }

    /// Takes the graph; the counts stay. The engine remembers its last events,
    /// which are printed should the test fail.
    pub(crate) fn engine(&mut self) -> EngineBuilder {
        let graph = std::mem::replace(&mut self.graph, Subgraph::new("taken"));
        let witness = self.witness.clone();
        Engine::builder(graph)
            .recorder(recorder(), MOST_EVENTS)
            .on_built(move |handle| witness.add(handle))
    }

    pub(crate) fn stepping(&mut self) -> SteppedEngine {
        self.engine().stepping().expect("the graph is sound")
    }

    /// The ledger of every edge balances, nothing is in flight any more, and
    /// what the probes counted is what the ledger says.
    #[track_caller]
    pub(crate) fn assert_conserved(&self, report: &Report) {
        assert!(report.is_balanced(), "{report}");
        let mut compared = 0;
        for edge in &report.snapshot.edges {
            let ledger = &edge.ledger;
            assert_eq!(ledger.in_flight, 0, "{}\n{report}", edge.id);
            let (from, to) = edge.id.split_once("->").expect("an id has two ends");
            for (port, figure) in [(from, ledger.sent), (to, ledger.delivered)] {
                if let Some(count) = self.counts.get(port) {
                    assert_eq!(count.get(), figure, "{port} of {}\n{report}", edge.id);
                    compared += 1;
                }
            }
        }
        let edgeless = report.snapshot.edges.is_empty();
        assert!(compared > 0 || edgeless, "no probe is on any edge");
    }

    fn counts_of(&mut self, name: &str) -> Counts {
        let mut count = |port| -> Count {
            let count = self.counts.entry(format!("{name}:{port}"));
            count.or_default().clone()
        };
        Counts {
            input: count("in"),
            control: count("control"),
            output: count("out"),
            second: count("second"),
        }
    }
}

/// The counts of one probe, for all its instances.
struct Counts {
    input: Count,
    control: Count,
    output: Count,
    second: Count,
}

impl Counts {
    fn install<T: Send + 'static>(&self, mut probe: Probe<T>) -> Probe<T> {
        probe.io.input.count = self.input.clone();
        probe.io.control.count = self.control.clone();
        probe.io.output.count = self.output.clone();
        probe.io.second.count = self.second.clone();
        probe
    }
}
