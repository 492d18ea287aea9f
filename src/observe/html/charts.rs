//! Drawings as inline SVG.

use core::time::Duration;

use maud::{Markup, html};

use crate::observe::HistogramSnapshot;
use crate::observe::figures::{grouped, span};

/// The size of a chart's drawing area, in its own units.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 90.0;

/// A line as small as a word: values from 0 to `top`, at even distances.
pub(super) fn spark(values: &[usize], top: usize) -> Markup {
    let points = points(
        values.iter().map(|&value| value as f64),
        top as f64,
        110.0,
        18.0,
    );
    html! {
        svg class="spark" viewBox="0 0 110 18" preserveAspectRatio="none" {
            polyline points=(points) fill="none" stroke="#3b78b5" stroke-width="1.2" {}
        }
    }
}

/// How full an edge was over time.
pub(super) fn depth(values: &[usize], capacity: usize, run: Duration) -> Markup {
    let top = values.iter().copied().max().unwrap_or(0).max(capacity);
    let area = points(
        values.iter().map(|&value| value as f64),
        top as f64,
        WIDTH,
        HEIGHT,
    );
    let limit = HEIGHT - HEIGHT * capacity as f64 / top.max(1) as f64;
    html! {
        svg viewBox="-34 -8 344 116" role="img" {
            polygon points={ "0," (HEIGHT) " " (area) " " (WIDTH) "," (HEIGHT) } fill="#cfe0f0" {}
            polyline points=(area) fill="none" stroke="#3b78b5" stroke-width="1.5" {}
            line x1="0" x2=(WIDTH) y1=(limit) y2=(limit) stroke="#b3261e" stroke-dasharray="4 3" {}
            line x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) stroke="#5b6b7b" {}
            text x="-4" y=(limit + 3.0) text-anchor="end" { (grouped(capacity as u64)) }
            text x="-4" y=(HEIGHT + 3.0) text-anchor="end" { "0" }
            text x="0" y=(HEIGHT + 14.0) { "start" }
            text x=(WIDTH) y=(HEIGHT + 14.0) text-anchor="end" { (span(run)) }
        }
    }
}

/// A polyline's points for values from 0 to `top`, from the left edge to the
/// right one. One value alone is a level line.
fn points(values: impl ExactSizeIterator<Item = f64>, top: f64, width: f64, height: f64) -> String {
    let last = values.len().saturating_sub(1).max(1) as f64;
    let single = values.len() == 1;
    let mut points = String::new();
    for (index, value) in values.enumerate() {
        let y = height - height * value / top.max(1.0);
        points += &format!("{:.1},{y:.1} ", width * index as f64 / last);
        if single {
            points += &format!("{width:.1},{y:.1} ");
        }
    }
    points
}

/// A distribution: a bar for each doubling of the duration.
pub(super) fn histogram(histogram: &HistogramSnapshot) -> Markup {
    let (first, counts) = doublings(histogram);
    let highest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = WIDTH / counts.len() as f64;
    let bound = |index: usize| span(Duration::from_nanos(1_u64 << (first + index).min(63)));
    // So many bars between labels that the labels do not meet.
    let every = counts.len().div_ceil(6);
    html! {
        svg viewBox="-34 -8 344 116" role="img" {
            @for (index, &count) in counts.iter().enumerate() {
                @let height = HEIGHT * count as f64 / highest;
                @let drawn = if count > 0 { height.max(1.0) } else { 0.0 };
                rect x=(rounded(step * index as f64 + 0.5)) y=(rounded(HEIGHT - drawn))
                    width=(rounded((step - 1.0).max(0.5))) height=(rounded(drawn)) fill="#3b78b5" {
                    title { (bound(index)) " to " (bound(index + 1)) ": " (grouped(count)) }
                }
                @if index.is_multiple_of(every) {
                    text x=(rounded(step * index as f64)) y=(HEIGHT + 14.0) { (bound(index)) }
                }
            }
            line x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) stroke="#5b6b7b" {}
            text x="-4" y="6" text-anchor="end" { (short(highest as u64)) }
        }
    }
}

/// The counts for each doubling from the first one that has any to the last,
/// and the logarithm of where the first begins, in nanoseconds.
fn doublings(histogram: &HistogramSnapshot) -> (usize, Vec<u64>) {
    let doubling = |span: Duration| crate::time::saturating_nanos(span).max(1).ilog2() as usize;
    let mut first = usize::MAX;
    let mut counts = Vec::new();
    for bucket in histogram.buckets() {
        let place = doubling(bucket.from);
        first = first.min(place);
        counts.resize(counts.len().max(place - first + 1), 0);
        counts[place - first] += bucket.count;
    }
    if counts.is_empty() {
        (0, vec![0])
    } else {
        (first, counts)
    }
}

/// A count in few characters: `1.2M`.
fn short(count: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match units.into_iter().find(|(size, _)| count >= *size) {
        Some((size, unit)) => format!("{:.1}{unit}", count as f64 / size as f64),
        None => count.to_string(),
    }
}

/// A coordinate, to a tenth: what the eye sees, in few characters.
pub(super) fn rounded(coordinate: f64) -> String {
    let text = format!("{coordinate:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(all(test, not(tidegate_loom)))]
mod tests {
    use super::*;
    use crate::metrics::Histogram;

    #[test]
    fn a_distribution_is_counted_by_doublings() {
        let histogram = Histogram::new();
        for nanos in [70, 100, 127, 128, 1_000] {
            histogram.record(nanos);
        }
        let (first, counts) = doublings(&histogram.snapshot());
        assert_eq!(first, 6);
        assert_eq!(counts, [3, 1, 0, 1]);
    }

    #[test]
    fn lines_reach_from_edge_to_edge() {
        assert_eq!(
            points([0.0, 4.0].into_iter(), 4.0, 10.0, 8.0),
            "0.0,8.0 10.0,0.0 "
        );
        assert_eq!(
            points([2.0].into_iter(), 4.0, 10.0, 8.0),
            "0.0,4.0 10.0,4.0 "
        );
        assert_eq!(points(core::iter::empty(), 4.0, 10.0, 8.0), "");
    }

    #[test]
    fn coordinates_and_counts_are_short() {
        assert_eq!([rounded(1.0), rounded(2.25)], ["1", "2.2"]);
        assert_eq!([short(999), short(1_200_000)], ["999", "1.2M"]);
    }
}
