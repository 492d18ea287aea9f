//! Machines without `/proc`.

use super::{ProcError, Sample};

/// Cannot be opened on this platform, so there are no values of it.
#[derive(Debug)]
pub(crate) enum Sampler {}

impl Sampler {
    /// # Errors
    /// [`ProcError::Unsupported`], always.
    pub(crate) fn open(_rate: u32) -> Result<Self, ProcError> {
        Err(ProcError::Unsupported)
    }

    /// Never called: there is no sampler to call it on.
    pub(crate) fn set_thorough(&mut self, _thorough: bool) {
        match *self {}
    }

    /// Never called: there is no sampler to call it on.
    pub(crate) fn sample(&mut self) -> Result<Sample, ProcError> {
        match *self {}
    }
}
