//! What the programs of this package share.

pub mod http;
pub mod plant;
pub mod telemetry;
