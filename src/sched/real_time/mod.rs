//! What the kernel may grant to threads that must not be late: a priority,
//! memory that stays in place, stacks without page faults.
//!
//! All of it is asked for before the engine runs; a refusal is a value, never
//! an error. It is Linux that is asked; elsewhere nothing is available.

mod memory;
mod priority;
#[cfg(feature = "std")]
mod stack;

use core::fmt;

pub use memory::MemoryLock;
pub(crate) use memory::lock_memory;
#[cfg(feature = "std")]
pub(crate) use priority::set_current_priority;
pub use priority::{Priority, Scheduling};
#[cfg(feature = "std")]
pub(crate) use stack::{stack_size_for, touch_stack};

/// Why the kernel refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "inspect",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Refusal {
    /// The process may not have it at all.
    NotPermitted,
    /// It is more than the process may have.
    Limit,
    /// Another reason: the kernel's error number.
    Other(i32),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPermitted => f.write_str("not permitted"),
            Self::Limit => f.write_str("beyond the limit"),
            Self::Other(number) => write!(f, "error {number}"),
        }
    }
}

/// A refusal in 34 bits, for cells that other threads read.
impl Refusal {
    const fn to_bits(self) -> u64 {
        match self {
            Self::NotPermitted => 0,
            Self::Limit => 1,
            Self::Other(number) => 2 | (number.cast_unsigned() as u64) << 2,
        }
    }

    const fn from_bits(bits: u64) -> Self {
        match bits & 3 {
            0 => Self::NotPermitted,
            1 => Self::Limit,
            _ => Self::Other(((bits >> 2) as u32).cast_signed()),
        }
    }
}

#[cfg(test)]
pub(super) const REFUSALS: [Refusal; 4] = [
    Refusal::NotPermitted,
    Refusal::Limit,
    Refusal::Other(22),
    Refusal::Other(-1),
];
