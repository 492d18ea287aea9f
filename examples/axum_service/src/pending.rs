//! Requests that wait for their results.

// The rule keeps the primitives of the library in one file; this is no library.
#![allow(clippy::disallowed_types)]

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::graph::Answer;

/// Who waits for which answer.
#[derive(Default)]
pub struct Pending(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: u64,
    requests: HashMap<u64, oneshot::Sender<Answer>>,
}

/// A request's place among those that wait; dropped, it waits no more.
pub struct Claim<'a> {
    pending: &'a Pending,
    /// The number of the request.
    pub id: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more request.
    pub fn claim(&self) -> Claim<'_> {
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.next += 1;
        let id = waiting.next;
        waiting.requests.insert(id, sender);
        Claim {
            pending: self,
            id,
            answer,
        }
    }

    /// Hands an answer to its request; whether that still waits.
    pub fn answer(&self, answer: Answer) -> bool {
        let request = self.lock().requests.remove(&answer.id);
        request.is_some_and(|request| request.send(answer).is_ok())
    }

    /// There will be no more answers: whoever waits learns it.
    pub fn abandon(&self) {
        self.lock().requests.clear();
    }
}

impl Claim<'_> {
    /// Waits for the answer; `None` when there will be none.
    pub async fn answer(&mut self) -> Option<Answer> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.pending.lock().requests.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_goes_to_its_request_and_not_to_one_that_has_gone() {
        let pending = Pending::default();
        let (mut first, second) = (pending.claim(), pending.claim());
        let answer = |id| Answer {
            id,
            factor: Some(id),
        };
        let (one, two) = (answer(first.id), answer(second.id));
        drop(second);
        assert!(!pending.answer(two), "nobody waits for it");
        assert!(pending.answer(one));
        assert_eq!(first.answer().await, Some(one));
        assert!(!pending.answer(one), "it was answered already");
        let mut third = pending.claim();
        pending.abandon();
        assert_eq!(third.answer().await, None);
        drop(third);
        drop(first);
        assert!(pending.lock().requests.is_empty());
    }
}
