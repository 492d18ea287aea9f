//! The processors: frequencies, sleep, isolation, siblings.

use crate::util::cpu_list;

use super::system::{System, in_ranges};
use super::{Check, Finding, Severity};

const CPU: &str = "sys/devices/system/cpu";

pub(super) fn cores(system: &System, available: &[usize]) -> Finding {
    let meaning = "Each worker wants a core, and something must be left for the rest.";
    let online = system.text(&format!("{CPU}/online"));
    let online = online.and_then(|text| cpu_list(&text)).unwrap_or_default();
    if available.is_empty() {
        return Finding::unknown(Check::Cores, "the system does not say", meaning);
    }
    let mut found = format!("{} usable: {}", available.len(), in_ranges(available));
    if online.len() > available.len() {
        found += &format!(" of {}", in_ranges(&online));
    }
    if available.len() == 1 {
        return Finding::new(Check::Cores, Severity::Warning, found, meaning)
            .advise("Give the process more cores, or the engine one worker that parks.");
    }
    Finding::new(Check::Cores, Severity::Good, found, meaning)
}

pub(super) fn governor(system: &System) -> Finding {
    let meaning = "Other governors than performance lower the frequency of a core that is not \
                   busy: after a pause it is slow at first.";
    // The cores by governor.
    let mut governors: Vec<(String, Vec<usize>)> = Vec::new();
    for (number, name) in system.numbered(CPU, "cpu") {
        let Some(governor) = system.text(&format!("{CPU}/{name}/cpufreq/scaling_governor")) else {
            continue;
        };
        match governors.iter_mut().find(|(known, _)| *known == governor) {
            Some((_, cpus)) => cpus.push(number),
            None => governors.push((governor, vec![number])),
        }
    }
    if governors.is_empty() {
        let why = "no frequency scaling to be seen (in a virtual machine the host decides)";
        return Finding::unknown(Check::Governor, why, meaning);
    }
    let found: Vec<_> = governors
        .iter()
        .map(|(governor, cpus)| format!("{governor} on {}", in_ranges(cpus)))
        .collect();
    let found = found.join(", ");
    if governors
        .iter()
        .all(|(governor, _)| governor == "performance")
    {
        return Finding::new(Check::Governor, Severity::Good, found, meaning);
    }
    Finding::new(Check::Governor, Severity::Warning, found, meaning)
        .advise("cpupower frequency-set -g performance")
}

pub(super) fn turbo(system: &System) -> Finding {
    let meaning = "With turbo, frequencies change with temperature and with what other cores do: \
                   quicker on average, less even.";
    let intel = system.text(&format!("{CPU}/intel_pstate/no_turbo"));
    let others = system.text(&format!("{CPU}/cpufreq/boost"));
    match (intel.as_deref(), others.as_deref()) {
        (Some("1"), _) | (None, Some("0")) => {
            Finding::new(Check::Turbo, Severity::Good, "off", meaning)
        }
        (Some("0"), _) | (None, Some("1")) => {
            Finding::new(Check::Turbo, Severity::Note, "on", meaning).advise(
                "For even times rather than short ones, write 1 to intel_pstate/no_turbo or 0 to \
                 cpufreq/boost in /sys/devices/system/cpu.",
            )
        }
        _ => Finding::unknown(Check::Turbo, "the system does not say", meaning),
    }
}

/// Waking up from a deeper state takes longer than what a thread's wake-up
/// takes anyway, in microseconds.
const LONG_EXIT: u64 = 20;

pub(super) fn idle_states(system: &System) -> Finding {
    let meaning = "The deeper an idle core sleeps, the longer it takes to wake up.";
    let folder = format!("{CPU}/cpu0/cpuidle");
    let states = system.numbered(&folder, "state");
    let enabled = states.iter().filter_map(|(_, state)| {
        let read = |what: &str| system.text(&format!("{folder}/{state}/{what}"));
        if read("disable").as_deref() == Some("1") {
            return None;
        }
        let exit: u64 = read("latency")?.parse().ok()?;
        Some((exit, read("name").unwrap_or_else(|| state.clone())))
    });
    let Some((exit, name)) = enabled.max() else {
        let why = "no idle states to be seen (in a virtual machine the host decides)";
        return Finding::unknown(Check::IdleStates, why, meaning);
    };
    let found = format!("the deepest is {name}, {exit} µs to leave");
    if exit <= LONG_EXIT {
        return Finding::new(Check::IdleStates, Severity::Good, found, meaning);
    }
    Finding::new(Check::IdleStates, Severity::Warning, found, meaning).advise(
        "cpupower idle-set -D 20, or keep /dev/cpu_dma_latency open with a 0 in it, or let workers \
         spin.",
    )
}

/// The cores that are isolated; none when the system does not say.
pub(super) fn isolated_cores(system: &System) -> Vec<usize> {
    let text = system.text(&format!("{CPU}/isolated"));
    text.as_deref().and_then(cpu_list).unwrap_or_default()
}

pub(super) fn isolated(system: &System) -> Finding {
    let meaning = "On a core that is not isolated, the kernel runs whatever else is ready, and \
                   interrupts.";
    let text = system.text(&format!("{CPU}/isolated"));
    match text.as_deref().and_then(cpu_list) {
        None => Finding::unknown(Check::IsolatedCores, "the system does not say", meaning),
        Some(cpus) if cpus.is_empty() => {
            Finding::new(Check::IsolatedCores, Severity::Note, "none", meaning).advise(
                "Boot with isolcpus=managed_irq,domain,LIST, and name those cores with \
                 EngineBuilder::cores.",
            )
        }
        Some(cpus) => Finding::new(
            Check::IsolatedCores,
            Severity::Good,
            in_ranges(&cpus),
            meaning,
        ),
    }
}

pub(super) fn tickless(system: &System) -> Finding {
    let meaning = "Elsewhere the kernel interrupts a busy thread 100 to 1,000 times a second, for \
                   some microseconds.";
    let Some(text) = system.text(&format!("{CPU}/nohz_full")) else {
        return Finding::unknown(Check::TicklessCores, "the system does not say", meaning);
    };
    // The kernel says "(null)" for none.
    let cpus = cpu_list(&text).unwrap_or_default();
    if cpus.is_empty() {
        return Finding::new(Check::TicklessCores, Severity::Note, "none", meaning)
            .advise("Boot with nohz_full=LIST rcu_nocbs=LIST for the cores of spinning workers.");
    }
    Finding::new(
        Check::TicklessCores,
        Severity::Good,
        in_ranges(&cpus),
        meaning,
    )
}

pub(super) fn smt(system: &System) -> Finding {
    let meaning = "Two threads of one core share its units and its caches: each is slower while \
                   the other works.";
    match system.text(&format!("{CPU}/smt/active")).as_deref() {
        Some("0") => Finding::new(Check::Smt, Severity::Good, "no siblings", meaning),
        Some("1") => {
            let mut pairs: Vec<_> = system
                .numbered(CPU, "cpu")
                .iter()
                .filter_map(|(_, name)| {
                    system.text(&format!("{CPU}/{name}/topology/thread_siblings_list"))
                })
                .collect();
            pairs.dedup();
            pairs.sort_unstable();
            pairs.dedup();
            let found = format!("siblings: {}", pairs.join("; "));
            Finding::new(Check::Smt, Severity::Note, found, meaning).advise(
                "Name one of each siblings with EngineBuilder::cores and keep the other free, or \
                 write off to /sys/devices/system/cpu/smt/control.",
            )
        }
        _ => Finding::unknown(Check::Smt, "the system does not say", meaning),
    }
}
