//! An HTTP service around an engine, and a load generator for it.
//!
//! `GET /factor/N` answers with the smallest prime factor of N: work that takes
//! a while, done by the lanes of a graph rather than by tasks. Requests enter
//! through a door, results leave through another, matched by number. When the
//! door has no room within a bounded wait the answer is 503 with Retry-After.

pub mod graph;
pub mod load;
pub mod pending;
pub mod service;
