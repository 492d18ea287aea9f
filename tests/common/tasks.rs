//! Tasks on the thread of the test, which fails when they hang.

use std::future::Future;
use std::time::Duration;

/// Far longer than any of these tests takes, also under a sanitizer.
const LIMIT: Duration = Duration::from_secs(if cfg!(miri) { 5_400 } else { 120 });

/// Runs a future, and the tasks that it spawns, on this thread.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    block_on_steps(in_time(future))
}

/// The same of one of which many things are awaited, each of them [`in_time`]:
/// the number of steps, not their time, makes it long on a busy machine.
#[track_caller]
pub(crate) fn block_on_steps<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime with a clock alone");
    runtime.block_on(future)
}

/// What a future comes to, which must not hang.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    let done = tokio::time::timeout(LIMIT, future).await;
    done.unwrap_or_else(|_| panic!("hangs: no end of it within {LIMIT:?}; who was not woken?"))
}
