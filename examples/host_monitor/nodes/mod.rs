//! The nodes of the monitor's graph that closures cannot express.

mod alarm;
mod display;
mod rating;
mod sampling;
mod writing;

pub(crate) use alarm::Alarm;
pub(crate) use display::Display;
pub(crate) use rating::{Rating, Summing};
pub(crate) use sampling::Sampling;
pub(crate) use writing::Writing;
