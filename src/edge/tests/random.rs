//! Random operations against a plain model of what an edge should do.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::{Ledger, PolicyKind, RecvError, SendError, Sent};
use super::{Alive, KINDS, Run, edge};
use crate::seed::Seed;

/// The first and last number that a message stands for.
type Numbers = (u64, u64);

/// An edge as simple as can be.
struct Model {
    kind: PolicyKind,
    capacity: usize,
    pending: VecDeque<Numbers>,
    ledger: Ledger,
}

impl Model {
    fn send(&mut self, number: u64) -> Result<Sent<Numbers>, SendError<Numbers>> {
        let run = (number, number);
        let full = self.pending.len() >= self.capacity;
        if full && self.kind == PolicyKind::Block {
            return Err(SendError::Full(run));
        }
        self.ledger.sent += 1;
        if !full {
            self.pending.push_back(run);
            return Ok(Sent::Stored);
        }
        Ok(match self.kind {
            PolicyKind::Block => unreachable!(),
            PolicyKind::Drop => {
                self.ledger.dropped += 1;
                Sent::Dropped(run)
            }
            PolicyKind::Latest => {
                self.pending.push_back(run);
                let mut evicted = run;
                while self.pending.len() > self.capacity {
                    self.ledger.evicted += 1;
                    evicted = self.pending.pop_front().unwrap();
                }
                Sent::Replaced(evicted)
            }
            PolicyKind::Coalesce => {
                self.ledger.coalesced += 1;
                self.pending.back_mut().unwrap().1 = number;
                Sent::Coalesced
            }
        })
    }

    fn recv(&mut self) -> Option<Numbers> {
        let run = self.pending.pop_front()?;
        self.ledger.delivered += 1;
        Some(run)
    }

    fn ledger(&self) -> Ledger {
        Ledger {
            in_flight: self.pending.len() as u64,
            ..self.ledger
        }
    }
}

fn numbers(sent: Sent<Run>) -> Sent<Numbers> {
    match sent {
        Sent::Stored => Sent::Stored,
        Sent::Dropped(run) => Sent::Dropped(run.numbers()),
        Sent::Replaced(run) => Sent::Replaced(run.numbers()),
        Sent::Coalesced => Sent::Coalesced,
    }
}

fn agree(kind: PolicyKind, max: usize, random: &mut Seed) {
    let context = format!("{kind}, maximum {max}");
    let alive: Arc<Alive> = Arc::default();
    let mut model = Model {
        kind,
        capacity: 1 + random.in_range(0..max as u64) as usize,
        pending: VecDeque::new(),
        ledger: Ledger::default(),
    };
    let (mut producer, mut consumer) = edge(kind, model.capacity, max);
    let monitor = producer.monitor();
    let mut next = 0;
    for step in 0..if cfg!(miri) { 60 } else { 2_000 } {
        let context = format!("{context}, step {step}");
        match random.in_range(0..16) {
            0..7 => {
                let sent = producer.send(Run::new(next, &alive));
                let sent = sent.map(numbers).map_err(|error| match error {
                    SendError::Full(run) => SendError::Full(run.numbers()),
                    SendError::Closed(run) => SendError::Closed(run.numbers()),
                });
                assert_eq!(sent, model.send(next), "{context}");
                // A number that was not sent would leave a gap for merging.
                next += u64::from(!matches!(sent, Err(_) | Ok(Sent::Dropped(_))));
            }
            7..12 => {
                let received = consumer.recv().map(|run| run.numbers());
                assert_eq!(received, model.recv().ok_or(RecvError::Empty), "{context}");
            }
            12 => {
                for run in consumer.drain(random.in_range(0..6) as usize) {
                    assert_eq!(Some(run.numbers()), model.recv(), "{context}");
                }
            }
            13 => {
                while let Some(run) = consumer.take() {
                    assert_eq!(Some(run.numbers()), model.recv(), "{context}");
                    assert_eq!(
                        consumer.control().has_pending(),
                        !model.pending.is_empty(),
                        "{context}"
                    );
                }
                let _ = consumer.control().publish();
                assert_eq!(model.recv(), None, "{context}");
            }
            14 => {
                model.capacity = 1 + random.in_range(0..max as u64) as usize;
                monitor.set_capacity(model.capacity).unwrap();
            }
            _ => {
                assert_eq!(monitor.ledger(), model.ledger(), "{context}");
                assert_eq!(monitor.len(), model.pending.len(), "{context}");
                assert_eq!(alive.get(), model.pending.len() as u64, "{context}");
            }
        }
    }
    drop((producer, consumer));
    assert_eq!(alive.get(), 0, "{context}");
    let mut ledger = model.ledger();
    ledger.discarded += std::mem::take(&mut ledger.in_flight);
    assert_eq!(monitor.ledger(), ledger, "{context}");
}

#[test]
fn random_operations_agree_with_a_plain_model() {
    let mut random = Seed::new();
    for kind in KINDS {
        for max in [1, 2, 3, 4, 8] {
            for _ in 0..if cfg!(miri) { 1 } else { 10 } {
                agree(kind, max, &mut random);
            }
        }
    }
}
