//! One entrance for many tasks, first come, first served.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::edge::Monitor;
use crate::message::Message;
use crate::node::SendOutcome;
use crate::sync::{Mutex, MutexGuard, lock};

use super::entrance::{Entrance, outcome};
use super::error::{SendError, SendFailure};

/// An [`Entrance`] that any number of tasks send through, made by
/// [`Entrance::share`].
///
/// Cheap to clone. Tasks that wait for room stand in line: who came first sends
/// first, and who comes while somebody waits stands behind. The line has one
/// entry for each waiting task, and none for others. When the last clone is
/// dropped, the entrance is.
///
/// Who is first keeps its place until it is polled again or dropped. A future
/// that was polled once, and then is neither, or is leaked, holds the line;
/// closing the door ends that.
///
/// # Real-time
/// A lock among the tasks, held for one send, a merge function included; no
/// worker ever takes it; without `std` it spins. Standing in line allocates. For
/// senders that must not wait for each other open an entrance for each, into a
/// [`merge`](crate::node::builtin::merge) node.
///
/// ```
/// use tidegate::engine::Engine;
/// use tidegate::graph::{Edge, Subgraph};
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("shared");
/// let sum = graph.add("sum", builtin::sink(|_: u64| {}))?;
/// graph.expose_input("numbers", sum.input(|n| &n.input))?;
/// let mut engine = Engine::builder(graph).entrance("numbers", Edge::block(1)).start()?;
/// let door = engine.take_entrance::<u64>("numbers")?.share();
///
/// let executor = tokio::runtime::Builder::new_current_thread().build()?;
/// executor.block_on(async {
///     let tasks: Vec<_> = (0..100)
///         .map(|number| {
///             let door = door.clone();
///             tokio::spawn(async move { door.send(number).await.is_ok() })
///         })
///         .collect();
///     for task in tasks {
///         assert!(task.await.unwrap());
///     }
/// });
/// drop(door); // the last one: nothing more comes
/// let report = engine.wait();
/// assert_eq!(report.edge(">numbers->sum:in").unwrap().ledger.delivered, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SharedEntrance<T: Send + 'static> {
    state: Arc<Mutex<State<T>>>,
}

struct State<T: Send + 'static> {
    door: Entrance<T>,
    /// Those who wait, by their place in the line. The first one waits at the
    /// door; the others for the one before.
    line: BTreeMap<u64, Waker>,
    /// The next place.
    next: u64,
}

impl<T: Send + 'static> Entrance<T> {
    /// Lets any number of tasks send through this door.
    #[must_use]
    pub fn share(self) -> SharedEntrance<T> {
        SharedEntrance {
            state: Arc::new(Mutex::new(State {
                door: self,
                line: BTreeMap::new(),
                next: 0,
            })),
        }
    }
}

impl<T: Send + 'static> SharedEntrance<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A merge function that panicked left the line as it was.
        lock(&self.state)
    }

    /// Sends a payload, unless somebody waits already: that counts as
    /// [`Full`](SendFailure::Full).
    ///
    /// # Errors
    /// As [`Entrance::try_send`].
    ///
    /// # Panics
    /// As [`Entrance::try_send`].
    pub fn try_send(&self, payload: T) -> Result<SendOutcome, SendError<T>> {
        let message = Message::new(payload);
        let mut state = self.lock();
        let sent = if state.line.is_empty() || state.door.is_closed() {
            state.door.offer(message)
        } else {
            Err(SendError::new(SendFailure::Full, message))
        };
        drop(state);
        sent.map(outcome)
    }

    /// Sends a payload; waits for room, and for those who waited before.
    ///
    /// Cancel-safe in this sense: the message is sent, or it is in the future.
    /// A future that is dropped before it is ready leaves the line, and drops
    /// the message, unsent and uncounted.
    ///
    /// # Errors
    /// As [`Entrance::try_send`], but never [`Full`](SendFailure::Full).
    pub fn send(&self, payload: T) -> SharedSending<'_, T> {
        self.send_message(Message::new(payload))
    }

    /// As [`send`](Self::send), for a whole message.
    pub fn send_message(&self, message: Message<T>) -> SharedSending<'_, T> {
        SharedSending {
            shared: self,
            place: None,
            message: Some(message),
        }
    }

    /// How many tasks stand in line.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().line.len()
    }

    /// Whether nothing will ever come in again, as [`Entrance::is_closed`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().door.is_closed()
    }

    /// Nothing more comes in, for all clones: who stands in line gets
    /// [`Closed`](SendFailure::Closed).
    pub fn close(&self) {
        let mut state = self.lock();
        let waited = state.door.end();
        wake_first(state);
        drop(waited);
    }

    /// As [`Entrance::monitor`].
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.lock().door.monitor()
    }
}

/// Wakes who is first in line now, under no lock.
fn wake_first<T: Send + 'static>(state: MutexGuard<'_, State<T>>) {
    let first = state.line.first_key_value();
    let first = first.map(|(_, waker)| waker.clone());
    drop(state);
    if let Some(waker) = first {
        waker.wake();
    }
}

/// The future of [`SharedEntrance::send`].
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SharedSending<'a, T: Send + 'static> {
    shared: &'a SharedEntrance<T>,
    /// In the line; none while it does not wait.
    place: Option<u64>,
    /// None once it is sent.
    message: Option<Message<T>>,
}

/// Nothing here is pinned: the message is moved when it is sent.
impl<T: Send + 'static> Unpin for SharedSending<'_, T> {}

impl<T: Send + 'static> Future for SharedSending<'_, T> {
    type Output = Result<SendOutcome, SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut guard = this.shared.lock();
        let state = &mut *guard;
        let first = state.line.first_key_value().map(|(place, _)| *place);
        let is_first = first.is_none() || first == this.place;
        // Nobody waits for a turn that brings nothing.
        let (sent, waited) = if is_first || state.door.is_closed() {
            // Not left for who registers to drop, under the lock.
            let waited = state.door.take_waker();
            let sent = state.door.poll_send(cx.waker(), &mut this.message);
            (sent, waited)
        } else {
            (Poll::Pending, None)
        };
        let Poll::Ready(sent) = sent else {
            let place = *this.place.get_or_insert_with(|| {
                state.next += 1;
                state.next
            });
            let before = match state.line.get(&place) {
                Some(waker) if waker.will_wake(cx.waker()) => None,
                _ => state.line.insert(place, cx.waker().clone()),
            };
            drop(guard);
            drop((waited, before));
            return Poll::Pending;
        };
        let waited = (waited, state.door.stop_waiting());
        let left = this.place.take().map(|place| state.line.remove(&place));
        wake_first(guard);
        drop((waited, left));
        Poll::Ready(sent.map(outcome))
    }
}

impl<T: Send + 'static> Drop for SharedSending<'_, T> {
    fn drop(&mut self) {
        let Some(place) = self.place else {
            return;
        };
        let mut state = self.shared.lock();
        let was_first = state.line.first_key_value().map(|(first, _)| *first) == Some(place);
        let left = state.line.remove(&place);
        if was_first {
            // It may have been told about room: that goes to the next one.
            let waited = state.door.stop_waiting();
            wake_first(state);
            drop(waited);
        } else {
            drop(state);
        }
        drop(left);
    }
}

impl<T: Send + 'static> Clone for SharedEntrance<T> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
        }
    }
}

impl<T: Send + 'static> fmt::Debug for SharedEntrance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("SharedEntrance")
            .field("door", &state.door)
            .field("waiting", &state.line.len())
            .finish()
    }
}

impl<T: Send + 'static> fmt::Debug for SharedSending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSending")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
