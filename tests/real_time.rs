//! What an engine asks of the kernel, and what it says it got.
//!
//! The kernel may grant or refuse each of it here: the tests compare what is
//! reported with what the kernel says about the threads.
#![cfg(target_os = "linux")]

mod common;

use std::fs;

use common::{Lab, Log, Probe, feed};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use tidegate::engine::{BuildError, EngineBuilder, RealTime, Report};
use tidegate::graph::Edge;
use tidegate::sched::{MemoryLock, Priority, Scheduling};

/// A worker as the kernel sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// `SCHED_…`.
    policy: u32,
    /// 0 for ordinary threads.
    level: u32,
    /// Pages that were brought in without reading from a disk.
    minor_faults: u64,
}

impl Seen {
    /// The thread that calls.
    fn myself() -> Self {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        // The name, in parentheses, may hold anything; the state follows it.
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        let field = |number: usize| rest.split(' ').nth(number - 3).unwrap();
        Self {
            policy: field(41).parse().unwrap(),
            level: field(40).parse().unwrap(),
            minor_faults: field(10).parse().unwrap(),
        }
    }

    fn scheduling(self) -> (u32, u32) {
        (self.policy, self.level)
    }
}

const ORDINARY: (u32, u32) = (0, 0);

fn policy_and_level(scheduling: Scheduling) -> (u32, u32) {
    match scheduling {
        Scheduling::Granted(Priority::Fifo(level)) => (1, level.into()),
        Scheduling::Granted(Priority::RoundRobin(level)) => (2, level.into()),
        _ => ORDINARY,
    }
}

/// A sink on each of two workers, which note how they are scheduled.
fn run(real_time: RealTime) -> (Report, [Seen; 2]) {
    let mut lab = Lab::new();
    let seen = [Log::new(), Log::new()];
    for (worker, seen) in seen.iter().enumerate() {
        let seen = seen.clone();
        let watch = Probe::new().on_message(move |io, cx| {
            while io.input.recv(cx).is_some() {
                seen.push(Seen::myself());
            }
            Ok(())
        });
        lab.add_on(worker, &format!("source{worker}"), feed(3));
        lab.add_on(worker, &format!("sink{worker}"), watch);
        let (from, to) = (format!("source{worker}:out"), format!("sink{worker}:in"));
        lab.connect(&from, &to, Edge::block(4));
    }
    let builder = lab.engine().workers(2).pin(false).real_time(real_time);
    let report = builder.start().unwrap().wait();
    lab.assert_conserved(&report);
    (report, seen.map(|log| log.take()[0]))
}

#[test]
fn nothing_is_asked_for_unless_set() {
    let (report, seen) = run(RealTime::new());
    for (worker, seen) in report.snapshot.workers.iter().zip(seen) {
        assert_eq!(worker.scheduling, Scheduling::Ordinary);
        assert_eq!(seen.scheduling(), ORDINARY);
    }
    assert_eq!(report.snapshot.memory_lock, MemoryLock::NotAsked);
    assert!(!report.to_string().contains("memory"), "{report}");
}

#[test]
fn workers_have_the_priorities_that_the_report_says() {
    let wanted = Priority::Fifo(3);
    let own = Priority::RoundRobin(2);
    let (report, seen) = run(RealTime::new().priority(wanted).worker_priority(1, own));
    let workers = report.snapshot.workers.iter();
    for ((worker, seen), wanted) in workers.zip(seen).zip([wanted, own]) {
        assert_eq!(policy_and_level(worker.scheduling), seen.scheduling());
        match worker.scheduling {
            Scheduling::Granted(priority) | Scheduling::Refused(priority, _) => {
                assert_eq!(priority, wanted);
            }
            other => panic!("{other}"),
        }
        assert!(report.to_string().contains(&wanted.to_string()), "{report}");
    }
}

#[test]
fn a_worker_can_be_left_ordinary() {
    let (report, seen) = run(RealTime::new()
        .priority(Priority::Fifo(3))
        .worker_priority(0, None));
    assert_eq!(report.snapshot.workers[0].scheduling, Scheduling::Ordinary);
    assert_eq!(seen[0].scheduling(), ORDINARY);
    assert_ne!(report.snapshot.workers[1].scheduling, Scheduling::Ordinary);
}

/// Capabilities belong to a thread, and the threads that it starts inherit
/// them.
#[test]
fn a_refused_priority_and_lock_are_reported_with_what_to_do_and_the_engine_runs() {
    let without = || {
        let mut sets = capabilities(None).unwrap();
        sets.effective -= CapabilitySet::SYS_NICE | CapabilitySet::IPC_LOCK;
        set_capabilities(None, sets).unwrap();
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Of the process: the other tests are content with a refusal.
        setrlimit(Resource::Rtprio, none).unwrap();
        setrlimit(Resource::Memlock, none).unwrap();
        run(RealTime::new().priority(Priority::Fifo(3)).lock_memory())
    };
    let (report, seen) = std::thread::scope(|scope| scope.spawn(without).join().unwrap());
    for (worker, seen) in report.snapshot.workers.iter().zip(seen) {
        let Scheduling::Refused(Priority::Fifo(3), _) = worker.scheduling else {
            panic!("{}", worker.scheduling);
        };
        assert_eq!(seen.scheduling(), ORDINARY);
    }
    let MemoryLock::Refused(_) = report.snapshot.memory_lock else {
        panic!("{}", report.snapshot.memory_lock);
    };
    let text = report.to_string();
    for what_to_do in ["rtprio to 3", "CAP_SYS_NICE", "memlock", "CAP_IPC_LOCK"] {
        assert!(text.contains(what_to_do), "{what_to_do}: {text}");
    }
}

#[test]
fn locked_memory_is_reported_when_the_kernel_says_so() {
    let (report, _) = run(RealTime::new().lock_memory());
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmLck:"));
    let locked = line.and_then(|line| line.split_whitespace().nth(1));
    let locked: u64 = locked.unwrap().parse().unwrap();
    match report.snapshot.memory_lock {
        MemoryLock::Locked => assert!(locked > 0, "{status}"),
        MemoryLock::Refused(_) => {}
        other => panic!("{other}"),
    }
}

#[test]
fn memory_is_locked_in_stepping_mode_too() {
    let mut lab = Lab::new();
    lab.add("source", feed(3));
    lab.add("sink", common::eat(&Log::new()));
    lab.connect("source:out", "sink:in", Edge::block(4));
    let real_time = RealTime::new().lock_memory().priority(Priority::Fifo(3));
    let engine = lab.engine().real_time(real_time);
    let mut engine = engine.stepping().unwrap();
    engine.run_until_idle(common::MANY);
    assert_eq!(Seen::myself().scheduling(), ORDINARY, "the caller's thread");
    let report = engine.shutdown(common::MANY);
    lab.assert_conserved(&report);
    assert_ne!(report.snapshot.memory_lock, MemoryLock::NotAsked);
    assert_eq!(report.snapshot.workers[0].scheduling, Scheduling::Ordinary);
}

/// Far more than any hook here needs.
const STACK: usize = 8 << 20;

#[test]
fn a_hook_that_needs_the_touched_stack_meets_no_page_fault() {
    fn deep(bytes: usize) -> u8 {
        let room = std::hint::black_box([1_u8; 4096]);
        let below = if bytes > 8_192 {
            deep(bytes - 4_096)
        } else {
            0
        };
        std::hint::black_box(room)[0].wrapping_add(below)
    }
    let faults = |real_time| {
        let mut lab = Lab::new();
        let seen = Log::new();
        let log = seen.clone();
        let probe = Probe::new().on_message(move |io, cx| {
            while io.input.recv(cx).is_some() {
                let before = Seen::myself();
                std::hint::black_box(deep(128 << 10));
                log.push(Seen::myself().minor_faults - before.minor_faults);
            }
            Ok(())
        });
        lab.add("source", feed(2));
        lab.add("sink", probe);
        lab.connect("source:out", "sink:in", Edge::block(4));
        let report = lab.engine().real_time(real_time).start().unwrap().wait();
        lab.assert_conserved(&report);
        // The first call is the one that meets faults.
        seen.take()[0]
    };
    let (without, with) = (
        faults(RealTime::new()),
        faults(RealTime::new().touch_stack(STACK)),
    );
    // What reads the counts has faults of its own; where the system brings in
    // large pages, the untouched stack has few as well.
    assert!(with < 20, "{with} page faults");
    assert!(without > with || without < 20, "{without} and {with}");
}

#[test]
fn touched_stacks_count_as_memory_of_the_engine() {
    let memory = |real_time: RealTime| {
        let mut lab = Lab::new();
        lab.add("source", feed(3));
        lab.add("sink", common::eat(&Log::new()));
        lab.connect("source:out", "sink:in", Edge::block(4));
        let prepared = lab.engine().workers(2).real_time(real_time).prepare();
        *prepared.unwrap().plan().memory()
    };
    let (with, without) = (
        memory(RealTime::new().touch_stack(STACK)),
        memory(RealTime::new()),
    );
    assert_eq!(with.stacks(), 2 * STACK);
    assert_eq!(with.total(), without.total() + 2 * STACK);
    assert!(with.to_string().contains("stacks 16777216"), "{with}");
}

#[test]
fn priorities_out_of_range_and_of_nobody_are_refused_when_building() {
    let refused = |real_time: RealTime| -> BuildError {
        let mut lab = Lab::new();
        lab.add("source", feed(3));
        let builder: EngineBuilder = lab.engine().real_time(real_time);
        builder.prepare().err().expect("a refusal")
    };
    for level in [0, 100] {
        let all = refused(RealTime::new().priority(Priority::Fifo(level)));
        let one = refused(RealTime::new().worker_priority(0, Priority::RoundRobin(level)));
        for error in [all, one] {
            assert!(matches!(error, BuildError::Priority(found) if found == level));
            assert!(error.to_string().contains("1 to 99"), "{error}");
        }
    }
    let error = refused(RealTime::new().worker_priority(1, Priority::Fifo(5)));
    assert!(error.to_string().contains("worker 1"), "{error}");
}
