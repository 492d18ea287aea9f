//! Random operations on edges of every policy and capacity and of payloads of
//! several sizes: on one thread against a plain model, on two threads against
//! what holds under any interleaving.

mod alone;
mod model;
mod payload;
#[path = "../prop_support/mod.rs"]
mod prop_support;
#[path = "../common/seed.rs"]
mod seed;
mod together;
