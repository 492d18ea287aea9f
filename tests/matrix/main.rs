//! Every policy × capacities of 8, 64 and 1024 × metrics on and off × one and
//! two workers × workers that sleep and that spin: 96 cases, each a graph of its
//! own, run from its start until it completes by itself.
//!
//! A case is named by its parameters, which a failing one prints again, beside
//! the seed: `TIDEGATE_TEST_SEED` chooses other lengths of bursts and batches.
//!
//! ```text
//! cargo test --test matrix latest::capacity_64::metrics_on
//! ```

#[path = "../common/mod.rs"]
mod common;

mod contract;
mod course;
mod graph;

use common::Seed;
use tidegate::edge::PolicyKind;
use tidegate::sched::IdleStrategy;

/// One case of the matrix.
#[derive(Clone, Copy, Debug)]
struct Case {
    policy: PolicyKind,
    capacity: usize,
    metrics: bool,
    workers: usize,
    idle: IdleStrategy,
}

impl Case {
    /// Runs the case.
    #[track_caller]
    fn hold(self) {
        // Both speak when the case fails.
        let (_named, mut seed) = (Named(self), Seed::new());
        let outcome = course::run(self, &mut seed);
        contract::check(self, &outcome);
    }
}

/// Names the case when it fails.
struct Named(Case);

impl Drop for Named {
    #[allow(clippy::print_stderr)] // for whoever reads the failed test
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the case: {:?}", self.0);
        }
    }
}

/// Sleeps at once, so that every hand-over has a wake-up that can be lost.
const PARK: IdleStrategy = IdleStrategy::Park {
    spins: 0,
    yields: 0,
};

macro_rules! cases {
    ($policy:ident, $capacity:expr, $metrics:expr, $workers:expr) => {
        #[test]
        fn park() {
            crate::cases!($policy, $capacity, $metrics, $workers, crate::PARK);
        }

        #[test]
        fn spin() {
            let spin = tidegate::sched::IdleStrategy::Spin;
            crate::cases!($policy, $capacity, $metrics, $workers, spin);
        }
    };
    ($policy:ident, $capacity:expr, $metrics:expr, $workers:expr, $idle:expr) => {
        crate::Case {
            policy: tidegate::edge::PolicyKind::$policy,
            capacity: $capacity,
            metrics: $metrics,
            workers: $workers,
            idle: $idle,
        }
        .hold()
    };
}
use cases;

macro_rules! with_one_and_two_workers {
    ($policy:ident, $capacity:expr, $metrics:expr) => {
        mod one_worker {
            crate::cases!($policy, $capacity, $metrics, 1);
        }
        mod two_workers {
            crate::cases!($policy, $capacity, $metrics, 2);
        }
    };
}
use with_one_and_two_workers;

macro_rules! with_metrics_on_and_off {
    ($policy:ident, $capacity:expr) => {
        mod metrics_on {
            crate::with_one_and_two_workers!($policy, $capacity, true);
        }
        mod metrics_off {
            crate::with_one_and_two_workers!($policy, $capacity, false);
        }
    };
}
use with_metrics_on_and_off;

macro_rules! at_each_capacity {
    ($policy:ident) => {
        mod capacity_8 {
            crate::with_metrics_on_and_off!($policy, 8);
        }
        mod capacity_64 {
            crate::with_metrics_on_and_off!($policy, 64);
        }
        mod capacity_1024 {
            crate::with_metrics_on_and_off!($policy, 1024);
        }
    };
}
use at_each_capacity;

mod block {
    crate::at_each_capacity!(Block);
}

mod drop_newest {
    crate::at_each_capacity!(Drop);
}

mod latest {
    crate::at_each_capacity!(Latest);
}

mod coalesce {
    crate::at_each_capacity!(Coalesce);
}
