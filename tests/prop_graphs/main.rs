//! Random graphs, changed at random while they run: step by step under a manual
//! clock, and on threads. Whatever the graph, the ledger is exact, every edge
//! is first in first out, and the nodes' own counts agree with the report.

mod build;
#[path = "../common/mod.rs"]
mod common;
mod layout;
mod log;
mod packet;
#[path = "../prop_support/mod.rs"]
mod prop_support;
mod script;
mod spec;
mod station;
mod stepped;
mod threaded;
mod verdict;

use common::seed;
