//! What the system says in `/proc` and `/sys`, and how its texts are read.

use std::fs;
use std::path::PathBuf;

/// A tree that has `proc` and `sys`.
pub(super) struct System {
    root: PathBuf,
}

impl System {
    /// The system that the process runs on.
    pub(super) fn here() -> Self {
        Self::at("/")
    }

    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A file's text without the white space around it; `None` when it cannot
    /// be read. `path` is without the leading slash.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let text = fs::read_to_string(self.root.join(path)).ok()?;
        Some(text.trim().to_owned())
    }

    /// The names in a folder that begin with `prefix` and go on with a number,
    /// by number.
    pub(super) fn numbered(&self, folder: &str, prefix: &str) -> Vec<(usize, String)> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        let mut found: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let number = name.strip_prefix(prefix)?.parse().ok()?;
                Some((number, name))
            })
            .collect();
        found.sort_unstable();
        found
    }
}

/// Ascending numbers as `0-3,8` and the like.
pub(super) fn in_ranges(cpus: &[usize]) -> String {
    let ranges = cpus.chunk_by(|left, right| left + 1 == *right);
    let ranges = ranges.map(|range| match range {
        [first, .., last] => format!("{first}-{last}"),
        _ => range[0].to_string(),
    });
    ranges.collect::<Vec<_>>().join(",")
}

/// The word in brackets: `always [madvise] never`.
pub(super) fn selected(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('[')?;
    Some(rest.split_once(']')?.0)
}

/// A limit of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    At(u64),
    Unlimited,
}

/// The soft limit of this name in the text of `/proc/self/limits`.
pub(super) fn soft_limit(text: &str, name: &str) -> Option<Limit> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(Limit::Unlimited),
        number => number.parse().ok().map(Limit::At),
    }
}

/// Whether the text of `/proc/self/status` has this capability among the
/// effective ones.
pub(super) fn has_capability(text: &str, bit: u32) -> Option<bool> {
    let line = text.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let set = u64::from_str_radix(line.trim(), 16).ok()?;
    Some(set >> bit & 1 == 1)
}

/// How many cores' time a group may have, from the text of `cpu.max`: `quota
/// period` in microseconds; `Some(None)` for `max`.
pub(super) fn cpu_max(text: &str) -> Option<Option<f64>> {
    let (quota, period) = text.split_once(' ')?;
    if quota == "max" {
        return Some(None);
    }
    quota_of(quota, period).map(Some)
}

/// The same from two texts.
pub(super) fn quota_of(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0).then(|| quota as f64 / period as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::cpu_list;

    #[test]
    fn cores_are_written_as_they_are_read() {
        for text in ["", "3", "0-3,8", "1,3,5-6"] {
            let cpus = cpu_list(text).unwrap();
            assert_eq!(in_ranges(&cpus), text);
        }
    }

    #[test]
    fn the_word_in_brackets_is_the_selected_one() {
        assert_eq!(selected("always [madvise] never"), Some("madvise"));
        assert_eq!(selected("always madvise"), None);
        assert_eq!(selected("always [madvise"), None);
    }

    #[test]
    fn limits_are_found_by_their_names() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max locked memory         8388608              unlimited            bytes\n\
                    Max realtime priority     unlimited            0\n\
                    Max odd                   many                 0";
        let limit = |name| soft_limit(text, name);
        assert_eq!(limit("Max locked memory"), Some(Limit::At(8_388_608)));
        assert_eq!(limit("Max realtime priority"), Some(Limit::Unlimited));
        assert_eq!(limit("Max odd"), None);
        assert_eq!(limit("Max core file size"), None);
    }

    #[test]
    fn capabilities_are_bits_of_a_hexadecimal_number() {
        let text = "Name:\tcat\nCapPrm:\tffffffffffffffff\nCapEff:\t0000000000804000\n";
        assert_eq!(has_capability(text, 14), Some(true));
        assert_eq!(has_capability(text, 23), Some(true));
        assert_eq!(has_capability(text, 24), Some(false));
        assert_eq!(has_capability("CapEff:\tno number", 14), None);
        assert_eq!(has_capability("", 14), None);
    }

    #[test]
    fn quotas_are_cores() {
        assert_eq!(cpu_max("max 100000"), Some(None));
        assert_eq!(cpu_max("150000 100000"), Some(Some(1.5)));
        for odd in ["150000", "150000 0", "-1 100000", "much 100000", ""] {
            assert_eq!(cpu_max(odd), None, "{odd}");
        }
    }
}
