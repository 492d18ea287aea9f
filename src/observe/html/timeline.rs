//! What the workers did when: how busy each was over the whole recording, and
//! its last activations one by one.

use core::time::Duration;
use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::observe::figures::span;
use crate::observe::{EventKind, Outcome, Recording};

use super::charts::rounded;

/// In the drawings' own units.
const WIDTH: f64 = 1_300.0;
const ROW: f64 = 22.0;
/// Into how many intervals the recording is divided.
const INTERVALS: usize = 325;
/// How many activations are drawn one by one.
const LAST: usize = 400;

/// An activation, its moments in nanoseconds.
struct Slice {
    worker: usize,
    node: usize,
    begin: u64,
    end: u64,
    messages: u16,
}

/// Something at a moment that should not go unseen.
struct Mark {
    worker: usize,
    at: u64,
    colour: &'static str,
    text: String,
}

pub(super) fn timeline(recording: &Recording) -> Markup {
    let (slices, marks) = read(recording);
    let begin = recording
        .events()
        .next()
        .map(|(_, event)| event.at().as_nanos());
    let begin = begin.unwrap_or_default();
    let ends = slices.iter().map(|slice| slice.end);
    let end = ends
        .max()
        .unwrap_or(begin)
        .max(recording.taken_at.as_nanos());
    let whole = Window { begin, end };
    let mut last: Vec<_> = slices.iter().collect();
    last.sort_by_key(|slice| slice.begin);
    let last = &last[last.len().saturating_sub(LAST)..];
    let close = Window {
        begin: last.first().map_or(begin, |slice| slice.begin),
        end: last.iter().map(|slice| slice.end).max().unwrap_or(end),
    };
    let workers = recording.workers.len();
    html! {
        p class="soft" {
            (slices.len()) " activations in " (whole.length())
            @if recording.lost() > 0 { ", after " (recording.lost()) " events that were overwritten" }
            ". How busy each worker was; triangles are faults (red) and losses (orange)."
        }
        (drawing(workers, whole, html! {
            @for row in busy(&slices, workers, whole) { (row) }
            @for mark in &marks { (whole.mark(mark)) }
        }))
        @if !last.is_empty() {
            p class="soft" {
                "The last " (last.len()) " activations, " (close.length())
                ", a colour for each node; point at one to see what it was."
            }
            (drawing(workers, close, html! {
                @for slice in last { (close.slice(recording, slice)) }
                @for mark in marks.iter().filter(|mark| mark.at >= close.begin) { (close.mark(mark)) }
            }))
        }
    }
}

fn read(recording: &Recording) -> (Vec<Slice>, Vec<Mark>) {
    let node_name = |node: usize| recording.nodes.get(node).map_or("?", String::as_str);
    let edge_name = |edge: usize| recording.edges.get(edge).map_or("?", |edge| &edge.id);
    let mut slices = Vec::new();
    let mut marks = Vec::new();
    for (worker, event) in recording.events() {
        let at = event.at().as_nanos();
        let mut mark = |colour, text| {
            marks.push(Mark {
                worker,
                at,
                colour,
                text,
            });
        };
        match event.kind() {
            Some(EventKind::Activation {
                node,
                messages,
                span,
                ..
            }) => slices.push(Slice {
                worker,
                node,
                begin: at,
                end: at.saturating_add(crate::time::saturating_nanos(span)),
                messages,
            }),
            Some(EventKind::Fault { node, panicked }) => {
                let what = if panicked { "panicked" } else { "failed" };
                mark("#b3261e", format!("{} {what}", node_name(node)));
            }
            Some(EventKind::Send {
                edge,
                outcome: Outcome::Dropped,
                messages,
                ..
            }) => {
                mark("#d98200", format!("{} dropped {messages}", edge_name(edge)));
            }
            _ => {}
        }
    }
    (slices, marks)
}

/// The part of time that a drawing shows.
#[derive(Clone, Copy)]
struct Window {
    begin: u64,
    end: u64,
}

impl Window {
    fn length(self) -> String {
        span(Duration::from_nanos(self.end - self.begin))
    }

    fn x(self, at: u64) -> f64 {
        let length = (self.end - self.begin).max(1) as f64;
        WIDTH * (at.clamp(self.begin, self.end) - self.begin) as f64 / length
    }

    fn slice(self, recording: &Recording, slice: &Slice) -> Markup {
        let (left, right) = (self.x(slice.begin), self.x(slice.end));
        let width = (right - left).max(0.6);
        let top = ROW * slice.worker as f64 + 2.0;
        let name = recording.nodes.get(slice.node).map_or("?", String::as_str);
        // Neighbours in the plan get colours far apart.
        let hue = (slice.node * 137) % 360;
        let took = span(Duration::from_nanos(slice.end - slice.begin));
        let fits = width > 6.5 * name.chars().count() as f64 + 6.0;
        html! {
            rect x=(rounded(left)) y=(rounded(top)) width=(rounded(width)) height=(ROW - 4.0)
                fill={ "hsl(" (hue) " 50% 70%)" } stroke="#fff" stroke-width=".5" {
                title { (name) ": " (took) ", " (slice.messages) " messages" }
            }
            @if fits {
                text x=(rounded(left + 3.0)) y=(rounded(top + 12.5)) fill="#1c2733" { (name) }
            }
        }
    }

    fn mark(self, mark: &Mark) -> Markup {
        let (x, bottom) = (self.x(mark.at), ROW * (mark.worker + 1) as f64 - 2.0);
        let points = format!(
            "{:.1},{:.1} {:.1},{bottom:.1} {:.1},{bottom:.1}",
            x,
            bottom - 9.0,
            x - 5.0,
            x + 5.0
        );
        html! { polygon points=(points) fill=(mark.colour) { title { (mark.text) } } }
    }
}

/// A row of bars per worker: which share of each interval it was busy.
fn busy(slices: &[Slice], workers: usize, window: Window) -> Vec<Markup> {
    let length = ((window.end - window.begin).max(1)).div_ceil(INTERVALS as u64);
    let mut spent: BTreeMap<(usize, u64), u64> = BTreeMap::new();
    for slice in slices {
        let mut at = slice.begin.saturating_sub(window.begin);
        let end = slice.end.saturating_sub(window.begin);
        while at < end {
            let interval = at / length;
            let until = end.min((interval + 1) * length);
            *spent.entry((slice.worker, interval)).or_default() += until - at;
            at = until;
        }
    }
    let step = WIDTH / INTERVALS as f64;
    let rows = (0..workers).map(|worker| {
        let bottom = ROW * (worker + 1) as f64 - 2.0;
        let bars = spent.range((worker, 0)..(worker + 1, 0));
        let bars = bars.map(|(&(_, interval), &nanos)| {
            let share = (nanos as f64 / length as f64).min(1.0);
            let height = (ROW - 4.0) * share;
            let x = step * interval as f64;
            format!("M{x:.1},{bottom}v-{height:.1}h{step:.1}v{height:.1}z")
        });
        let path: String = bars.collect();
        html! { path d=(path) fill="#3b78b5" {} }
    });
    rows.collect()
}

/// Rows with the workers' names, and the times at the ends.
fn drawing(workers: usize, window: Window, content: Markup) -> Markup {
    let height = ROW * workers as f64;
    html! {
        svg viewBox={ "-60 -4 1370 " (height + 24.0) } role="img" {
            @for worker in 0..workers {
                @let top = ROW * worker as f64;
                rect x="0" y=(top + 2.0) width=(WIDTH) height=(ROW - 4.0) fill="#f1f4f7" {}
                text x="-6" y=(top + 15.0) text-anchor="end" { "worker " (worker) }
            }
            (content)
            text x="0" y=(height + 14.0) { (span(Duration::from_nanos(window.begin))) }
            text x=(WIDTH) y=(height + 14.0) text-anchor="end" {
                (span(Duration::from_nanos(window.end)))
            }
        }
    }
}
