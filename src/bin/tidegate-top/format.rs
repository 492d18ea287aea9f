//! Numbers and names in few characters, all of them ASCII.

use std::time::Duration;

/// A rate per second, or another number, in at most six characters.
pub(crate) fn number(value: f64) -> String {
    for (unit, suffix) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        // What would be rounded up to 1000 of the smaller unit as well.
        if value >= unit * 0.999_5 {
            return format!("{}{suffix}", three_digits(value / unit));
        }
    }
    if value > 0.0 && value.fract() != 0.0 {
        three_digits(value)
    } else {
        format!("{value:.0}")
    }
}

/// A count.
pub(crate) fn count(value: u64) -> String {
    if value < 1_000_000 {
        value.to_string()
    } else {
        number(value as f64)
    }
}

/// A duration in at most six characters.
pub(crate) fn span(span: Duration) -> String {
    let nanos = span.as_nanos() as f64;
    for (unit, suffix) in [(1e9, "s"), (1e6, "ms"), (1e3, "us")] {
        if nanos >= unit * 0.999_5 {
            return format!("{}{suffix}", three_digits(nanos / unit));
        }
    }
    format!("{nanos:.0}ns")
}

/// A share from 0 to 1, as percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// How full an edge is, as a picture of `width` characters. Only an empty edge
/// shows nothing, only a full one shows full.
pub(crate) fn bar(depth: usize, capacity: usize, width: usize) -> String {
    let capacity = capacity.max(1);
    let filled = match depth {
        0 => 0,
        depth if depth >= capacity => width,
        depth => (depth * width / capacity).clamp(1, width - 1),
    };
    format!("{}{}", "#".repeat(filled), "-".repeat(width - filled))
}

/// `text` in at most `width` characters; from a longer one the middle is left
/// out, because names often differ at their ends.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let Some(kept) = width.checked_sub(2) else {
        return text.chars().take(width).collect();
    };
    let end = kept / 2;
    let start: String = text.chars().take(kept - end).collect();
    let rest: String = text.chars().skip(length - end).collect();
    format!("{start}..{rest}")
}

/// Names in a list of at most three.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        [] => "nobody".to_owned(),
    }
}

/// Three significant digits, for values from 0 to 1000.
fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_six_characters() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (7.0, "7"),
            (9.997, "10.0"),
            (123.4, "123"),
            (999.4, "999"),
            (999.7, "1.00k"),
            (12_345.0, "12.3k"),
            (999_600.0, "1.00M"),
            (4_560_000.0, "4.56M"),
            (7.8e10, "78.0G"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
        assert_eq!(count(999_999), "999999");
        assert_eq!(count(1_500_000), "1.50M");
    }

    #[test]
    fn spans_choose_their_unit() {
        for (nanos, text) in [
            (0, "0ns"),
            (950, "950ns"),
            (1_500, "1.50us"),
            (999_700, "1.00ms"),
            (95_000_000, "95.0ms"),
            (12_000_000_000, "12.0s"),
        ] {
            assert_eq!(span(Duration::from_nanos(nanos)), text, "{nanos}");
        }
    }

    #[test]
    fn a_bar_is_full_or_empty_only_when_the_edge_is() {
        assert_eq!(bar(0, 64, 8), "--------");
        assert_eq!(bar(1, 1024, 8), "#-------");
        assert_eq!(bar(32, 64, 8), "####----");
        assert_eq!(bar(1023, 1024, 8), "#######-");
        assert_eq!(bar(64, 64, 8), "########");
        assert_eq!(bar(70, 64, 8), "########", "after a shrunk capacity");
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten("short", 8), "short");
        assert_eq!(shorten("outer/inner:out", 10), "oute..:out");
        assert_eq!(shorten("abc", 1), "a");
        assert_eq!(shorten("abc", 0), "");
    }

    #[test]
    fn lists_name_two_and_count_the_rest() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c", "d"]), "a, b and 2 more");
    }
}
