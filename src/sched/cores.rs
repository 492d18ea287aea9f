//! Which cores there are, and going to one of them.

use alloc::vec::Vec;

use core_affinity::CoreId;

use super::pin::Pinning;
use crate::util::cpu_list;

/// The cores this process may use; empty when the platform does not say.
pub(crate) fn available_cores() -> Vec<usize> {
    core_affinity::get_core_ids()
        .unwrap_or_default()
        .into_iter()
        .map(|core| core.id)
        .collect()
}

/// The cores that a worker may be pinned to when they are named: those the
/// process uses by itself, and isolated ones. Linux keeps those out of what a
/// process uses by itself, but gives them to a thread that asks.
pub(crate) fn nameable_cores() -> Vec<usize> {
    let isolated = std::fs::read_to_string("/sys/devices/system/cpu/isolated");
    with_isolated(available_cores(), &isolated.unwrap_or_default())
}

fn with_isolated(mut cores: Vec<usize>, isolated: &str) -> Vec<usize> {
    cores.extend(cpu_list(isolated.trim()).unwrap_or_default());
    cores.sort_unstable();
    cores.dedup();
    cores
}

/// Pins the calling thread to `core`, when there is one to pin it to.
pub(crate) fn pin_current_thread(core: Option<usize>) -> Pinning {
    match core {
        None => Pinning::Unpinned,
        Some(core) if core_affinity::set_for_current(CoreId { id: core }) => Pinning::Pinned(core),
        Some(core) => Pinning::Refused(core),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isolated_cores_can_be_named_besides_those_in_use() {
        assert_eq!(with_isolated(vec![1, 0], "4-5\n"), [0, 1, 4, 5]);
        assert_eq!(with_isolated(vec![0, 4], "4-5"), [0, 4, 5]);
        assert_eq!(with_isolated(vec![0], "\n"), [0]);
        assert_eq!(with_isolated(vec![0], "(null)"), [0]);
    }
}
