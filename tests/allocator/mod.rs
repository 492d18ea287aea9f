//! An allocator that counts what workers allocate and free.
//!
//! It counts for the whole process: a binary that has this module holds one
//! test.

mod counting;

pub(crate) use counting::counted;
use counting::watch;

use crate::common::Probe;

/// A node that has its worker watched from the first activation after the
/// start to its own `on_stop`, which is the last one there: it is the first in
/// the plan.
pub(crate) fn watcher() -> Probe {
    Probe::new()
        .on_start(|_, cx| {
            let name = std::thread::current().name().map(str::to_owned);
            let name = name.expect("workers have names");
            assert!(name.starts_with("tidegate-") && name != "tidegate-supervisor");
            cx.rearm();
            Ok(())
        })
        .on_message(|_, _| {
            watch(true);
            Ok(())
        })
        .on_stop(|_, _| {
            watch(false);
            Ok(())
        })
}
