//! The page: its parts in order.

use core::cmp::Reverse;
use core::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::engine::{Report, StopReason};
use crate::observe::HistogramSnapshot;
use crate::observe::figures::{grouped, span};

use super::{HtmlReport, charts, tables, timeline, trouble};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// How many things of a kind are named at the top, and drawn as charts.
const NAMED: usize = 5;
const DRAWN: usize = 12;

pub(super) fn page(what: &HtmlReport<'_>) -> Markup {
    let report = what.report;
    let snapshot = &report.snapshot;
    let depths = depths(what);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (report.name) ": run report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                (trouble(report))
                h2 { "Edges" }
                (tables::edges(&snapshot.edges, &depths))
                h2 { "Nodes" }
                (tables::nodes(&snapshot.nodes))
                h2 { "Workers" }
                (tables::workers(&snapshot.workers))
                (depth_charts(what, &depths))
                (execution_charts(report))
                @if let Some(recording) = what.recording {
                    h2 { "Timeline" }
                    (timeline::timeline(recording))
                }
                (faults(report))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn head(report: &Report) -> Markup {
    let snapshot = &report.snapshot;
    html! {
        h1 { (report.name) }
        p class="facts" {
            span { b { @match report.reason {
                StopReason::Completed => "Every node finished",
                StopReason::Requested => "Stopped on request",
                StopReason::Escalated => "Stopped after a fault",
            } } }
            span { @if report.drained { "drained" } @else { b class="bad" { "TIMED OUT" } }
                " in " (span(report.shutdown_took)) }
            span { "ledger " @if report.is_balanced() { b { "balanced" } }
                @else { b class="bad" { "NOT balanced" } } }
            span { b { (snapshot.nodes.len()) } " nodes, " b { (snapshot.edges.len()) } " edges, "
                b { (snapshot.workers.len()) } " workers" }
            span { b { (grouped(report.memory_bytes as u64)) } " bytes" }
            span { "seed " b { (report.seed) } }
            @if let Some(cause) = &report.cause { span { b class="bad" { (cause) } } }
            span { "tidegate " b { (env!("CARGO_PKG_VERSION")) } }
        }
    }
}

fn trouble(report: &Report) -> Markup {
    let sentences = trouble::sentences(report, NAMED);
    html! {
        @if sentences.is_empty() {
            div class="trouble none" { "No trouble: nothing failed, was lost, late, or held back." }
        } @else {
            div class="trouble" {
                b { "What stands out" }
                ul { @for sentence in &sentences { li { (sentence) } } }
            }
        }
        @for warning in &report.warnings {
            p class="warn" { (warning) }
        }
    }
}

/// By edge: its depth in each snapshot.
fn depths(what: &HtmlReport<'_>) -> Vec<Vec<usize>> {
    let mut depths = vec![Vec::new(); what.report.snapshot.edges.len()];
    for snapshot in what.snapshots() {
        for (edge, depths) in snapshot.edges.iter().zip(&mut depths) {
            depths.push(edge.depth);
        }
    }
    depths
}

/// The edges that were fullest, in relation to their capacity.
fn depth_charts(what: &HtmlReport<'_>, depths: &[Vec<usize>]) -> Markup {
    let moments: Vec<_> = what.snapshots().map(|snapshot| snapshot.taken_at).collect();
    let run = match (moments.first(), moments.last()) {
        (Some(first), Some(last)) if moments.len() > 1 => last.since(*first),
        _ => return html! {},
    };
    let edges = what.report.snapshot.edges.iter().zip(depths);
    let mut fullest: Vec<_> = edges
        .filter_map(|(edge, depths)| {
            let most = depths.iter().copied().max().filter(|most| *most > 0)?;
            let per_mille = most.saturating_mul(1_000) / edge.capacity.max(1);
            Some((per_mille, edge, depths))
        })
        .collect();
    fullest.sort_by_key(|(per_mille, ..)| Reverse(*per_mille));
    html! {
        h2 { "Depth over time" }
        @if fullest.is_empty() {
            p class="soft" { "Every edge was empty whenever a snapshot was taken." }
        } @else {
            p class="soft" {
                "Messages pending in the fullest edges, from " (moments.len())
                " snapshots; the dashed line is the capacity."
            }
        }
        div class="charts" {
            @for (_, edge, depths) in fullest.iter().take(DRAWN) {
                figure {
                    figcaption title=(edge.id) { (tables::ends(&edge.id)) }
                    (charts::depth(depths, edge.capacity, run))
                }
            }
        }
    }
}

/// The nodes whose activations took longest, and the ways that took longest.
fn execution_charts(report: &Report) -> Markup {
    let nodes = &report.snapshot.nodes;
    let executions = nodes
        .iter()
        .filter_map(|node| Some((node, node.execution.as_ref()?)));
    let ways = nodes
        .iter()
        .filter_map(|node| Some((node, &node.end_to_end.as_ref()?.age)));
    html! {
        (distributions("How long activations took", executions))
        (distributions("How old messages were at their sinks", ways))
    }
}

fn distributions<'a>(
    title: &str,
    of: impl Iterator<Item = (&'a crate::engine::NodeReport, &'a HistogramSnapshot)>,
) -> Markup {
    let mut slowest: Vec<_> = of
        .filter(|(_, histogram)| !histogram.is_empty())
        .map(|(node, histogram)| (histogram.quantile(0.99), node, histogram))
        .collect();
    slowest.sort_by_key(|(p99, ..)| Reverse(*p99));
    html! {
        @if !slowest.is_empty() {
            h2 { (title) }
            div class="charts" {
                @for (p99, node, histogram) in slowest.iter().take(DRAWN) {
                    figure {
                        figcaption title=(node.path) {
                            span { (node.path) } span class="soft" { (summary(histogram, *p99)) }
                        }
                        (charts::histogram(histogram))
                    }
                }
            }
        }
    }
}

fn summary(histogram: &HistogramSnapshot, p99: Duration) -> String {
    let (count, half) = (grouped(histogram.count()), span(histogram.quantile(0.5)));
    let (p99, max) = (span(p99), span(histogram.max()));
    format!("p50 {half}, p99 {p99}, max {max}, of {count}")
}

fn faults(report: &Report) -> Markup {
    html! {
        @if !report.faults.is_empty() {
            h2 { "Faults" }
            div class="scroll" {
                table {
                    thead { tr { th { "node" } th class="text" { "hook" } th { "at" } th class="text" { "what" } } }
                    tbody {
                        @for fault in &report.faults {
                            tr {
                                td { (fault.node) }
                                td class="text" { (fault.hook) }
                                td { (span(Duration::from_nanos(fault.at.as_nanos()))) }
                                td class="text" { (fault.message) }
                            }
                        }
                    }
                }
            }
            @if report.more_faults > 0 {
                p { "and " (grouped(report.more_faults)) " more" }
            }
        }
    }
}
