//! A graph as boxes and arrows, written in the languages of Graphviz and
//! Mermaid. What the boxes say is up to whoever makes the drawing.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// Boxes in frames, doors outside of them, and arrows between all.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    pub(crate) title: String,
    /// By worker.
    pub(crate) frames: Vec<Frame>,
    /// Where other threads send and receive.
    pub(crate) doors: Vec<Item>,
    pub(crate) arrows: Vec<Arrow>,
}

/// The boxes of one worker.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) label: String,
    pub(crate) boxes: Vec<Item>,
}

/// A node or a door.
#[derive(Debug)]
pub(crate) struct Item {
    /// Named by the arrows.
    pub(crate) index: usize,
    pub(crate) lines: Vec<String>,
    /// Behind the text, when it is to stand out.
    pub(crate) fill: Option<&'static str>,
}

/// An edge.
#[derive(Debug)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) lines: Vec<String>,
    pub(crate) colour: &'static str,
    /// Of the line: 1 unless it is to stand out.
    pub(crate) width: u32,
}

/// The colour of an arrow about which there is nothing to say.
pub(crate) const PLAIN: &str = "black";

impl Drawing {
    /// For Graphviz.
    pub(crate) fn to_dot(&self) -> String {
        rendered(|out| self.write_dot(out))
    }

    /// For Mermaid.
    pub(crate) fn to_mermaid(&self) -> String {
        rendered(|out| self.write_mermaid(out))
    }

    fn write_dot(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "digraph \"{}\" {{", dot_escaped(&self.title))?;
        writeln!(out, "  rankdir=LR;\n  labeljust=l;\n  node [shape=box];")?;
        for (number, frame) in self.frames.iter().enumerate() {
            writeln!(out, "  subgraph cluster_{number} {{")?;
            writeln!(out, "    label=\"{}\";", dot_escaped(&frame.label))?;
            for item in &frame.boxes {
                let label = joined(&item.lines, "\\n", dot_escaped);
                write!(out, "    n{} [label=\"{label}\"", item.index)?;
                if let Some(fill) = item.fill {
                    write!(out, ", style=filled, fillcolor=\"{fill}\"")?;
                }
                writeln!(out, "];")?;
            }
            writeln!(out, "  }}")?;
        }
        for door in &self.doors {
            let label = joined(&door.lines, "\\n", dot_escaped);
            writeln!(out, "  n{} [label=\"{label}\", shape=oval];", door.index)?;
        }
        for arrow in &self.arrows {
            let label = joined(&arrow.lines, "\\n", dot_escaped);
            let (from, to, colour) = (arrow.from, arrow.to, arrow.colour);
            write!(out, "  n{from} -> n{to} [label=\"{label}\", color={colour}")?;
            if arrow.width > 1 {
                write!(out, ", penwidth={}", arrow.width)?;
            }
            writeln!(out, "];")?;
        }
        writeln!(out, "}}")
    }

    fn write_mermaid(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "flowchart LR")?;
        for (number, frame) in self.frames.iter().enumerate() {
            let label = mermaid_escaped(&frame.label);
            writeln!(out, "  subgraph w{number}[\"{label}\"]")?;
            for item in &frame.boxes {
                let label = joined(&item.lines, "<br/>", mermaid_escaped);
                writeln!(out, "    n{}[\"{label}\"]", item.index)?;
            }
            writeln!(out, "  end")?;
        }
        for door in &self.doors {
            let label = joined(&door.lines, "<br/>", mermaid_escaped);
            writeln!(out, "  n{}([\"{label}\"])", door.index)?;
        }
        for item in self.frames.iter().flat_map(|frame| &frame.boxes) {
            if let Some(fill) = item.fill {
                writeln!(out, "  style n{} fill:{fill}", item.index)?;
            }
        }
        for (number, arrow) in self.arrows.iter().enumerate() {
            let label = joined(&arrow.lines, "<br/>", mermaid_escaped);
            writeln!(out, "  n{} -->|\"{label}\"| n{}", arrow.from, arrow.to)?;
            if arrow.colour != PLAIN || arrow.width > 1 {
                write!(out, "  linkStyle {number} stroke:{}", arrow.colour)?;
                if arrow.width > 1 {
                    write!(out, ",stroke-width:{}px", arrow.width)?;
                }
                writeln!(out)?;
            }
        }
        Ok(())
    }
}

/// Collects what `write` writes. Writing to a `String` cannot fail.
fn rendered(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    match write(&mut out) {
        Ok(()) | Err(fmt::Error) => out,
    }
}

fn joined(lines: &[String], between: &str, escape: fn(&str) -> String) -> String {
    let lines: Vec<_> = lines.iter().map(|line| escape(line)).collect();
    lines.join(between)
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

    #[test]
    fn labels_cannot_break_out_of_their_quotes() {
        assert_eq!(dot_escaped(r#"a"b\"#), r#"a\"b\\"#);
        assert_eq!(mermaid_escaped("a\"<b>#`"), "a#34;#60;b#62;#35;#96;");
    }
}
