//! The kernel: preemption, time, memory, and what is below it.

use super::system::{System, selected};
use super::{Check, Finding, Severity};

pub(super) fn virtualisation(system: &System) -> Finding {
    let meaning = "A host may take a core away for a millisecond and more at any time; nothing \
                   inside can prevent or see it, and the highest percentiles show it.";
    let info = system.text("proc/cpuinfo").unwrap_or_default();
    let flags = info.lines().find(|line| line.starts_with("flags"));
    let Some(flags) = flags else {
        return Finding::unknown(Check::Virtualisation, "the system does not say", meaning);
    };
    if !flags.split_whitespace().any(|flag| flag == "hypervisor") {
        return Finding::new(Check::Virtualisation, Severity::Good, "none", meaning);
    }
    let vendor = system.text("sys/class/dmi/id/sys_vendor");
    let found = match vendor {
        Some(vendor) if !vendor.is_empty() => format!("a virtual machine ({vendor})"),
        _ => "a virtual machine".to_owned(),
    };
    Finding::new(Check::Virtualisation, Severity::Note, found, meaning)
        .advise("Use a machine with dedicated cores, or none between you and the hardware.")
}

pub(super) fn preemption(system: &System) -> Finding {
    let meaning = "While an ordinary kernel works for somebody else on a core, a thread with a \
                   priority may have to wait for it, mostly below a millisecond.";
    if system.text("sys/kernel/realtime").as_deref() == Some("1") {
        let found = "a real-time kernel (PREEMPT_RT)";
        return Finding::new(Check::Preemption, Severity::Good, found, meaning);
    }
    let Some(version) = system.text("proc/version") else {
        return Finding::unknown(Check::Preemption, "the system does not say", meaning);
    };
    let found = ["PREEMPT_RT", "PREEMPT_DYNAMIC", "PREEMPT"]
        .into_iter()
        .find(|kind| version.split_whitespace().any(|word| word == *kind));
    match found {
        Some("PREEMPT_RT") => Finding::new(
            Check::Preemption,
            Severity::Good,
            "a real-time kernel (PREEMPT_RT)",
            meaning,
        ),
        kind => Finding::new(
            Check::Preemption,
            Severity::Note,
            kind.unwrap_or("no kernel preemption named"),
            meaning,
        )
        .advise("Where a bound below a millisecond is needed, use a kernel with PREEMPT_RT."),
    }
}

pub(super) fn clock_source(system: &System) -> Finding {
    let meaning = "The engine reads the clock about once per activation. Some sources are read in \
                   tens of nanoseconds; for the others every reading enters the kernel.";
    let path = "sys/devices/system/clocksource/clocksource0";
    let Some(source) = system.text(&format!("{path}/current_clocksource")) else {
        return Finding::unknown(Check::ClockSource, "the system does not say", meaning);
    };
    const QUICK: [&str; 5] = [
        "tsc",
        "kvm-clock",
        "hyperv_clocksource_tsc_page",
        "arch_sys_counter",
        "riscv_clocksource",
    ];
    if QUICK.contains(&source.as_str()) {
        return Finding::new(Check::ClockSource, Severity::Good, source, meaning);
    }
    let others = system.text(&format!("{path}/available_clocksource"));
    let others = others.unwrap_or_default();
    let found = format!("{source} (there are: {others})");
    Finding::new(Check::ClockSource, Severity::Warning, found, meaning).advise(
        "Write tsc to /sys/devices/system/clocksource/clocksource0/current_clocksource; where the \
         kernel found it unstable, boot with tsc=reliable if you know better.",
    )
}

/// Nanoseconds that nobody notices.
const LITTLE_SLACK: u64 = 1_000;

pub(super) fn timer_slack(system: &System) -> Finding {
    let meaning = "Timers of ordinary threads, ticks of sleeping workers among them, may be this \
                   late so that the kernel can serve several at once. Threads with a priority have \
                   none.";
    let text = system.text("proc/self/timerslack_ns");
    let Some(slack) = text.and_then(|text| text.parse::<u64>().ok()) else {
        return Finding::unknown(Check::TimerSlack, "the system does not say", meaning);
    };
    let found = format!("{slack} ns");
    if slack <= LITTLE_SLACK {
        return Finding::new(Check::TimerSlack, Severity::Good, found, meaning);
    }
    Finding::new(Check::TimerSlack, Severity::Note, found, meaning).advise(
        "Give workers a priority (RealTime::priority), or set the slack to 1 with \
         prctl(PR_SET_TIMERSLACK) before the engine starts.",
    )
}

pub(super) fn huge_pages(system: &System) -> Finding {
    let meaning = "With always, the kernel moves memory in the background to make huge pages of \
                   it; who touches it meanwhile waits.";
    let text = system.text("sys/kernel/mm/transparent_hugepage/enabled");
    match text.as_deref().and_then(selected) {
        None => Finding::unknown(Check::HugePages, "the system does not say", meaning),
        Some("always") => Finding::new(Check::HugePages, Severity::Note, "always", meaning)
            .advise("Write madvise to /sys/kernel/mm/transparent_hugepage/enabled."),
        Some(other) => Finding::new(Check::HugePages, Severity::Good, other, meaning),
    }
}

pub(super) fn swap(system: &System) -> Finding {
    let meaning = "Memory that is paged out comes back when it is touched: milliseconds.";
    // Below a line of headings.
    let text = system.text("proc/swaps");
    let Some(text) = text.filter(|text| text.starts_with("Filename")) else {
        return Finding::unknown(Check::Swap, "the system does not say", meaning);
    };
    let areas: Vec<_> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    if areas.is_empty() {
        return Finding::new(Check::Swap, Severity::Good, "none", meaning);
    }
    Finding::new(Check::Swap, Severity::Note, areas.join(", "), meaning)
        .advise("swapoff -a, or lock the memory of the process (RealTime::lock_memory).")
}
