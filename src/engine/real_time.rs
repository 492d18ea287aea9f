//! What an engine may ask of the kernel.

use alloc::vec::Vec;

use crate::sched::{MemoryLock, Pinning, Priority, Scheduling};
use crate::sync::Counter;

use super::error::BuildError;

/// What an engine asks of the kernel, so that its workers are not late:
/// priorities, locked memory, stacks without page faults. Nothing, unless set.
///
/// What is refused does not keep the engine from running. What was granted is
/// in [`WorkerReport::scheduling`](super::WorkerReport::scheduling) and
/// [`Snapshot::memory_lock`](super::Snapshot::memory_lock); what the machine
/// allows, [`tidegate::doctor`](mod@crate::doctor) says beforehand. Linux only:
/// elsewhere priorities and locks are reported as unavailable.
///
/// ```
/// use tidegate::engine::RealTime;
/// use tidegate::sched::Priority;
///
/// let real_time = RealTime::new()
///     .priority(Priority::Fifo(60))
///     .worker_priority(1, None)
///     .lock_memory()
///     .touch_stack(256 * 1024);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RealTime {
    priority: Option<Priority>,
    /// The last one for a worker counts.
    worker_priorities: Vec<(usize, Option<Priority>)>,
    pub(super) lock_memory: bool,
    /// Bytes.
    pub(super) stack: usize,
}

impl RealTime {
    /// Nothing.
    pub const fn new() -> Self {
        Self {
            priority: None,
            worker_priorities: Vec::new(),
            lock_memory: false,
            stack: 0,
        }
    }

    /// The priority of every worker that has none of its own.
    ///
    /// A worker gets it when `on_start` of all its nodes has run: threads that
    /// they start are ordinary ones. Threads that a node starts later inherit
    /// it. The supervisor stays ordinary: it must find a core that the workers
    /// leave to it, at least now and then.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// The priority of the worker with this index, or that it has none.
    pub fn worker_priority(mut self, worker: usize, priority: impl Into<Option<Priority>>) -> Self {
        self.worker_priorities.push((worker, priority.into()));
        self
    }

    /// Locks the memory of the **whole process**, as it is when every
    /// `on_start` has run: everything mapped then, by whomever, is brought into
    /// memory and stays there until the process ends, stacks of all threads
    /// included. What is allocated later may be paged out again; the engine
    /// itself allocates nothing later, but the replacement of a node that is
    /// restarted is made then.
    ///
    /// The kernel compares the limit `memlock` with the whole address space of
    /// the process, so only `unlimited` is of use.
    pub const fn lock_memory(mut self) -> Self {
        self.lock_memory = true;
        self
    }

    /// Writes to so many bytes of each worker's stack before `on_start`, and
    /// makes the stacks large enough: a hook that needs no more meets no page
    /// fault there. The bytes are in
    /// [`Memory::stacks`](crate::graph::Memory::stacks).
    pub const fn touch_stack(mut self, bytes: usize) -> Self {
        self.stack = bytes;
        self
    }

    /// The priority that a worker is to have.
    pub(super) fn priority_of(&self, worker: usize) -> Option<Priority> {
        let own = self.worker_priorities.iter().rev();
        own.clone()
            .find(|(index, _)| *index == worker)
            .map_or(self.priority, |(_, priority)| *priority)
    }

    pub(super) fn check(&self, workers: usize) -> Result<(), BuildError> {
        let own = self.worker_priorities.iter();
        if let Some(&(worker, _)) = own.clone().find(|(worker, _)| *worker >= workers) {
            return Err(BuildError::PriorityOfNobody { worker, workers });
        }
        let all = own.filter_map(|(_, priority)| *priority);
        let levels = Priority::LOWEST..=Priority::HIGHEST;
        match all
            .chain(self.priority)
            .find(|priority| !levels.contains(&priority.level()))
        {
            Some(priority) => Err(BuildError::Priority(priority.level())),
            None => Ok(()),
        }
    }
}

/// Where a worker says, once it started, what it got.
#[derive(Default)]
pub(crate) struct Grants {
    pinning: Counter,
    scheduling: Counter,
}

impl Grants {
    pub(crate) fn set_pinning(&self, pinning: Pinning) {
        self.pinning.set(match pinning {
            Pinning::Unpinned => 0,
            Pinning::Pinned(core) => (core as u64) << 2 | 1,
            Pinning::Refused(core) => (core as u64) << 2 | 2,
        });
    }

    pub(crate) fn pinning(&self) -> Pinning {
        let value = self.pinning.get();
        let core = usize::try_from(value >> 2).unwrap_or(usize::MAX);
        match value & 3 {
            1 => Pinning::Pinned(core),
            2 => Pinning::Refused(core),
            _ => Pinning::Unpinned,
        }
    }

    pub(crate) fn set_scheduling(&self, scheduling: Scheduling) {
        self.scheduling.set(scheduling.to_word());
    }

    pub(crate) fn scheduling(&self) -> Scheduling {
        Scheduling::from_word(self.scheduling.get())
    }
}

/// Where the launching thread says what became of the memory.
#[derive(Default)]
pub(crate) struct MemoryLockCell(Counter);

impl MemoryLockCell {
    pub(crate) fn set(&self, lock: MemoryLock) {
        self.0.set(lock.to_word());
    }

    pub(crate) fn get(&self) -> MemoryLock {
        MemoryLock::from_word(self.0.get())
    }
}
