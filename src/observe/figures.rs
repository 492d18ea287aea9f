//! Numbers as people read them.

use alloc::string::{String, ToString};
use core::time::Duration;

/// With a comma between thousands: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.char_indices() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits and a unit: `1.23 µs`, `45.6 ms`, `789 s`.
pub(super) fn span(span: Duration) -> String {
    let nanos = span.as_nanos();
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")];
    let Some((size, unit)) = units.into_iter().find(|(size, _)| nanos >= *size) else {
        return format!("{nanos} ns");
    };
    let amount = nanos as f64 / size as f64;
    let digits = if amount < 10.0 {
        2
    } else {
        usize::from(amount < 100.0)
    };
    format!("{amount:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn spans_have_three_digits_and_a_unit() {
        let texts = [0, 999, 1_234, 45_678, 999_000, 12_345_678, 90_000_000_000]
            .map(|nanos| span(Duration::from_nanos(nanos)));
        let expected = [
            "0 ns", "999 ns", "1.23 µs", "45.7 µs", "999 µs", "12.3 ms", "90.0 s",
        ];
        assert_eq!(texts, expected);
    }
}
