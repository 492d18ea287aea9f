//! Drawings of a plan, for Graphviz and Mermaid.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::band::Band;

use super::drawing::{Arrow, Drawing, Frame, Item, PLAIN};
use super::entry::PortKey;
use super::plan::{Plan, PlannedEdge};

impl Plan {
    /// The plan as a Graphviz graph: workers as clusters, edges labelled with
    /// ports, payload type, policy and capacity, and coloured by band.
    ///
    /// [`observe::picture`](crate::observe::picture) draws an engine that runs,
    /// with its figures.
    #[must_use]
    pub fn to_dot(&self) -> String {
        self.drawing().to_dot()
    }

    /// The plan as a Mermaid flowchart, with the same content as
    /// [`to_dot`](Self::to_dot).
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.drawing().to_mermaid()
    }

    fn drawing(&self) -> Drawing {
        let frame = |worker| Frame {
            label: format!("worker {worker}"),
            boxes: self.on_worker(worker).collect(),
        };
        let mut doors = Vec::new();
        let mut arrow = |edge: &PlannedEdge| {
            let door = edge.ends.door().map(|(_, name)| {
                let index = self.nodes.len() + doors.len();
                doors.push(Item {
                    index,
                    lines: vec![name.into()],
                    fill: None,
                });
                index
            });
            let end = |port: Option<PortKey>| port.map(|port| port.node).or(door);
            Arrow {
                from: end(edge.ends.from()).unwrap_or_default(),
                to: end(edge.ends.to()).unwrap_or_default(),
                lines: self.lines(edge).into(),
                colour: band_colour(edge.band),
                width: 1,
            }
        };
        Drawing {
            title: self.name.clone(),
            frames: (0..self.workers).map(frame).collect(),
            arrows: self.edges.iter().map(&mut arrow).collect(),
            doors,
        }
    }

    fn on_worker(&self, worker: usize) -> impl Iterator<Item = Item> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(move |(_, node)| node.worker == worker)
            .map(|(index, node)| Item {
                index,
                lines: vec![node.path.clone()],
                fill: None,
            })
    }

    /// An edge's label, not yet escaped.
    fn lines(&self, edge: &PlannedEdge) -> [String; 3] {
        let ports = match (edge.output(&self.nodes), edge.input(&self.nodes)) {
            (Some(output), Some(input)) => format!("{} -> {}", output.name, input.name),
            (Some(port), None) | (None, Some(port)) => port.name.to_string(),
            (None, None) => String::new(),
        };
        let mut settings = format!("{} {}", edge.kind, edge.capacity);
        if edge.max_capacity != edge.capacity {
            settings += &format!(" to {}", edge.max_capacity);
        }
        settings += &format!(", {}", edge.band);
        if let Some(age) = edge.max_age {
            settings += &format!(", at most {age:?} old");
        }
        if let Some((soft, hard)) = edge.watermarks {
            settings += &format!(", marks {soft} and {hard}");
        }
        [ports, without_modules(edge.type_name), settings]
    }
}

/// The colour of an edge in this band.
const fn band_colour(band: Band) -> &'static str {
    match band {
        Band::Control => "red",
        Band::High => "orange",
        Band::Normal => PLAIN,
    }
}

/// A type's name without module paths: `Vec<Option<u8>>`.
fn without_modules(type_name: &str) -> String {
    let mut short = String::new();
    let mut word = String::new();
    let mut characters = type_name.chars().peekable();
    while let Some(character) = characters.next() {
        if character == ':' && characters.peek() == Some(&':') {
            characters.next();
            word.clear();
        } else if character.is_alphanumeric() || character == '_' {
            word.push(character);
        } else {
            short += &word;
            word.clear();
            short.push(character);
        }
    }
    short + &word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, PlanSettings, Subgraph};
    use crate::node::{NodeOptions, builtin};

    /// A source on worker 0, and a sink with an awkward name on worker 1.
    fn plan() -> Result<Plan, Box<dyn std::error::Error>> {
        let mut graph = Subgraph::new("host");
        let source = builtin::source_iter([vec![Some(1_u8)]]);
        let source = graph.add_with("source", source, NodeOptions::new().worker(0))?;
        let sink = builtin::sink(|_: Vec<Option<u8>>| ());
        let sink = graph.add_with("a\"sink\"", sink, NodeOptions::new().worker(1))?;
        graph.connect(
            source.output(|n| &n.output),
            sink.input(|n| &n.input),
            Edge::block(8).max_capacity(16).band(Band::Control),
        )?;
        let settings = PlanSettings {
            costs: None,
            workers: 2,
            memory_budget: None,
            worker_bytes: 0,
            node_bytes: 0,
            door_bytes: 0,
            inlet_bytes: 0,
            observation: Default::default(),
            nodes_per_worker: 8,
            stack_bytes: 0,
        };
        Ok(Plan::new(graph, &settings)?)
    }

    #[test]
    fn a_dot_drawing_shows_workers_ports_types_policies_and_bands() {
        assert_eq!(
            plan().unwrap().to_dot(),
            r#"digraph "host" {
  rankdir=LR;
  labeljust=l;
  node [shape=box];
  subgraph cluster_0 {
    label="worker 0";
    n0 [label="source"];
  }
  subgraph cluster_1 {
    label="worker 1";
    n1 [label="a\"sink\""];
  }
  n0 -> n1 [label="out -> in\nVec<Option<u8>>\nblock 8 to 16, control", color=red];
}
"#
        );
    }

    #[test]
    fn a_mermaid_drawing_shows_the_same() {
        assert_eq!(
            plan().unwrap().to_mermaid(),
            r#"flowchart LR
  subgraph w0["worker 0"]
    n0["source"]
  end
  subgraph w1["worker 1"]
    n1["a#34;sink#34;"]
  end
  n0 -->|"out -#62; in<br/>Vec#60;Option#60;u8#62;#62;<br/>block 8 to 16, control"| n1
  linkStyle 0 stroke:red
"#
        );
    }

    #[test]
    fn type_names_lose_their_modules_and_keep_their_parameters() {
        assert_eq!(
            without_modules("alloc::vec::Vec<core::option::Option<(u8, a::B)>>"),
            "Vec<Option<(u8, B)>>"
        );
        assert_eq!(without_modules("&'static str"), "&'static str");
        assert_eq!(without_modules("[u8; 4]"), "[u8; 4]");
    }
}
