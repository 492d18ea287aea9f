//! Doors: sending into an engine and receiving from it, on other threads.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/tasks.rs"]
mod running;

mod building;
mod ending;
mod inside;
mod leaving;
mod pair;
mod stepping;
mod tasks;
mod threads;
mod waiting;
