//! Drawings of a plan, for Graphviz and Mermaid.

use core::fmt::{self, Write};

use crate::band::Band;

use super::plan::{Plan, PlannedEdge};

impl Plan {
    /// The plan as a Graphviz graph: workers as clusters, edges labelled with
    /// ports, payload type, policy and capacity, and coloured by band.
    #[must_use]
    pub fn to_dot(&self) -> String {
        rendered(|out| self.write_dot(out))
    }

    /// The plan as a Mermaid flowchart, with the same content as
    /// [`to_dot`](Self::to_dot).
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        rendered(|out| self.write_mermaid(out))
    }

    fn write_dot(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "digraph \"{}\" {{", dot_escaped(&self.name))?;
        writeln!(out, "  rankdir=LR;\n  node [shape=box];")?;
        for worker in 0..self.workers {
            writeln!(out, "  subgraph cluster_{worker} {{")?;
            writeln!(out, "    label=\"worker {worker}\";")?;
            for (index, path) in self.on_worker(worker) {
                writeln!(out, "    n{index} [label=\"{}\"];", dot_escaped(path))?;
            }
            writeln!(out, "  }}")?;
        }
        for edge in &self.edges {
            let label: Vec<_> = self
                .lines(edge)
                .iter()
                .map(|line| dot_escaped(line))
                .collect();
            writeln!(
                out,
                "  n{} -> n{} [label=\"{}\", color={}];",
                edge.from_node,
                edge.to_node,
                label.join("\\n"),
                colour(edge.band)
            )?;
        }
        writeln!(out, "}}")
    }

    fn write_mermaid(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "flowchart LR")?;
        for worker in 0..self.workers {
            writeln!(out, "  subgraph w{worker}[\"worker {worker}\"]")?;
            for (index, path) in self.on_worker(worker) {
                writeln!(out, "    n{index}[\"{}\"]", mermaid_escaped(path))?;
            }
            writeln!(out, "  end")?;
        }
        for (index, edge) in self.edges.iter().enumerate() {
            let label: Vec<_> = self
                .lines(edge)
                .iter()
                .map(|line| mermaid_escaped(line))
                .collect();
            writeln!(
                out,
                "  n{} -->|\"{}\"| n{}",
                edge.from_node,
                label.join("<br/>"),
                edge.to_node
            )?;
            if edge.band != Band::Normal {
                writeln!(out, "  linkStyle {index} stroke:{}", colour(edge.band))?;
            }
        }
        Ok(())
    }

    fn on_worker(&self, worker: usize) -> impl Iterator<Item = (usize, &str)> {
        self.nodes
            .iter()
            .enumerate()
            .filter(move |(_, node)| node.worker == worker)
            .map(|(index, node)| (index, node.path.as_str()))
    }

    /// An edge's label, not yet escaped.
    fn lines(&self, edge: &PlannedEdge) -> [String; 3] {
        let output = &self.nodes[edge.from_node].table.outputs[edge.from_port];
        let input = &self.nodes[edge.to_node].table.inputs[edge.to_port];
        let mut settings = format!("{} {}", edge.kind, edge.capacity);
        if edge.max_capacity != edge.capacity {
            settings += &format!(" to {}", edge.max_capacity);
        }
        settings += &format!(", {}", edge.band);
        [
            format!("{} -> {}", output.name, input.name),
            without_modules(edge.type_name),
            settings,
        ]
    }
}

/// Collects what `write` writes. Writing to a `String` cannot fail.
fn rendered(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    match write(&mut out) {
        Ok(()) | Err(fmt::Error) => out,
    }
}

const fn colour(band: Band) -> &'static str {
    match band {
        Band::Control => "red",
        Band::High => "orange",
        Band::Normal => "black",
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

/// For a double-quoted string of the DOT language.
fn dot_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// For a quoted Mermaid label: what could end it, or be read as markup, in
/// Mermaid's own entity codes.
fn mermaid_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' => {
                escaped += &format!("#{};", u32::from(character));
            }
            other => escaped.push(other),
        }
    }
    escaped
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
            workers: 2,
            memory_budget: None,
            worker_bytes: 0,
            node_bytes: 0,
            observation: Default::default(),
            nodes_per_worker: 8,
        };
        Ok(Plan::new(graph, &settings)?)
    }

    #[test]
    fn a_dot_drawing_shows_workers_ports_types_policies_and_bands() {
        assert_eq!(
            plan().unwrap().to_dot(),
            r#"digraph "host" {
  rankdir=LR;
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

    #[test]
    fn labels_cannot_break_out_of_their_quotes() {
        assert_eq!(dot_escaped(r#"a"b\"#), r#"a\"b\\"#);
        assert_eq!(mermaid_escaped("a\"<b>#`"), "a#34;#60;b#62;#35;#96;");
    }
}
