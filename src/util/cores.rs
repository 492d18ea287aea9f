//! Lists of cores, as Linux writes them.

/// `0-3,8` and the like; an empty text is an empty list.
pub(crate) fn cpu_list(text: &str) -> Option<Vec<usize>> {
    let mut cpus = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        // No machine has more; a longer range is not a list of cores.
        if last < first || last > 1 << 16 {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_read_and_nothing_else_is() {
        for (text, cpus) in [
            ("", vec![]),
            ("3", vec![3]),
            ("0-3,8", vec![0, 1, 2, 3, 8]),
            ("1,3,5-6", vec![1, 3, 5, 6]),
        ] {
            assert_eq!(cpu_list(text), Some(cpus), "{text}");
        }
        for odd in ["(null)", "3-1", "a-b", "0-99999999999", "0-"] {
            assert_eq!(cpu_list(odd), None, "{odd}");
        }
    }
}
