//! What is done with arbitrary bytes: shared by the fuzz targets and by an
//! ordinary test, so that a compiler without a fuzzer runs it too.

// Each binary uses a part of this.
#![allow(dead_code)]

mod assembly;
mod dice;
mod names;
mod odd;
mod run;

pub(crate) use names::names;
pub(crate) use run::{Outcome, graph};
