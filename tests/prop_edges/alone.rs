//! Both ends on one thread: every operation does what the model says.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq};

use tidegate::edge::{
    Consumer, EdgeError, Monitor, Policy, PolicyKind, Producer, SendError, Sent, channel_growable,
};

use super::model::Model;
use super::payload::{Census, Payload, Tag, census, new_census, with_panicking_drops};
use super::prop_support::{Verdict, check};

/// One operation on an edge.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Send { drops_panic: bool },
    SendToPanickingMerge,
    SendBatch(usize),
    Recv,
    Drain { most: usize },
    Discard { drops_panic: bool },
    SetCapacity(usize),
    CloseProducer,
    CloseConsumer { drops_panic: bool },
}

fn operation() -> impl Strategy<Value = Operation> {
    let send = any::<bool>().prop_map(|drops_panic| Operation::Send { drops_panic });
    let discard = any::<bool>().prop_map(|drops_panic| Operation::Discard { drops_panic });
    let close = any::<bool>().prop_map(|drops_panic| Operation::CloseConsumer { drops_panic });
    prop_oneof![
        24 => send,
        6 => Just(Operation::SendToPanickingMerge),
        6 => (0..12_usize).prop_map(Operation::SendBatch),
        18 => Just(Operation::Recv),
        6 => (0..12_usize).prop_map(|most| Operation::Drain { most }),
        2 => discard,
        8 => (0..20_usize).prop_map(Operation::SetCapacity),
        1 => Just(Operation::CloseProducer),
        1 => close,
    ]
}

thread_local! {
    static MERGE_PANICS: Cell<bool> = const { Cell::new(false) };
}

/// An edge beside its model.
struct Pair<const SIZE: usize> {
    producer: Option<Producer<Payload<SIZE>>>,
    consumer: Option<Consumer<Payload<SIZE>>>,
    monitor: Monitor,
    model: Model,
    kind: PolicyKind,
    max_capacity: usize,
    next: Tag,
}

impl<const SIZE: usize> Pair<SIZE> {
    fn new(kind: PolicyKind, capacity: usize, max_capacity: usize) -> Self {
        let policy = match kind {
            PolicyKind::Block => Policy::Block,
            PolicyKind::Drop => Policy::Drop,
            PolicyKind::Latest => Policy::Latest,
            PolicyKind::Coalesce => Policy::coalesce(|pending: &mut Payload<SIZE>, new| {
                pending.merge(new);
                if MERGE_PANICS.get() {
                    // Without the panic hook, which would print it.
                    std::panic::resume_unwind(Box::new("a merge"));
                }
            }),
        };
        let (producer, consumer) = channel_growable(capacity, max_capacity, policy)
            .expect("the capacities are in their range");
        Self {
            monitor: producer.monitor(),
            producer: Some(producer),
            consumer: Some(consumer),
            model: Model::new(kind, capacity),
            kind,
            max_capacity,
            next: 0,
        }
    }

    fn carry_out(&mut self, operation: Operation) -> Verdict {
        match operation {
            Operation::Send { drops_panic } => self.send(drops_panic),
            Operation::SendToPanickingMerge => self.send_to_panicking_merge(),
            Operation::SendBatch(length) => self.send_batch(length),
            Operation::Recv => self.recv(),
            Operation::Drain { most } => self.drain(most),
            Operation::Discard { drops_panic } => self.discard(drops_panic),
            Operation::SetCapacity(capacity) => self.set_capacity(capacity),
            Operation::CloseProducer => {
                self.producer = None;
                self.model.producer_gone = true;
                Ok(())
            }
            Operation::CloseConsumer { drops_panic } => {
                if let Some(consumer) = self.consumer.take() {
                    with_panicking_drops(drops_panic, || consumer.close());
                    self.model.discard(drops_panic);
                    self.model.consumer_gone = true;
                }
                Ok(())
            }
        }
    }

    fn send(&mut self, drops_panic: bool) -> Verdict {
        let Some(producer) = &mut self.producer else {
            return Ok(());
        };
        // Elsewhere the edge drops nothing in a send but what a merge function
        // leaves behind, which counts as that function's panic.
        let drops_panic = drops_panic && self.kind == PolicyKind::Latest;
        let tag = next(&mut self.next);
        let payload = Payload::new(tag);
        let sent = with_panicking_drops(drops_panic, || producer.send(payload));
        prop_assert_eq!(
            seen(sent),
            visible::<SIZE>(self.model.send(tag, drops_panic))
        );
        Ok(())
    }

    fn send_to_panicking_merge(&mut self) -> Verdict {
        let Some(producer) = &mut self.producer else {
            return Ok(());
        };
        let tag = next(&mut self.next);
        MERGE_PANICS.set(true);
        let sent = catch_unwind(AssertUnwindSafe(|| producer.send(Payload::new(tag))));
        MERGE_PANICS.set(false);
        let expected = self.model.send_to_panicking_merge(tag);
        prop_assert_eq!(sent.ok().map(seen), expected.map(visible::<SIZE>));
        Ok(())
    }

    fn send_batch(&mut self, length: usize) -> Verdict {
        let Some(producer) = &mut self.producer else {
            return Ok(());
        };
        let tags: Vec<Tag> = (0..length).map(|_| next(&mut self.next)).collect();
        let mut offered = tags.iter();
        let sent = producer.send_batch(offered.by_ref().map(|&tag| Payload::new(tag)));
        prop_assert_eq!(sent, self.model.send_batch(tags.iter().copied()));
        prop_assert_eq!(
            offered.len(),
            length - sent,
            "an item was taken and not sent"
        );
        Ok(())
    }

    fn recv(&mut self) -> Verdict {
        if let Some(consumer) = &mut self.consumer {
            let received = consumer.recv().map(|payload| payload.tag());
            prop_assert_eq!(received, self.model.recv().map(Payload::<SIZE>::visible));
        }
        Ok(())
    }

    fn drain(&mut self, most: usize) -> Verdict {
        if let Some(consumer) = &mut self.consumer {
            let drained: Vec<Tag> = consumer.drain(most).map(|payload| payload.tag()).collect();
            let expected: Vec<Tag> = (0..most)
                .map_while(|_| self.model.recv().ok())
                .map(Payload::<SIZE>::visible)
                .collect();
            prop_assert_eq!(drained, expected);
        }
        Ok(())
    }

    fn discard(&mut self, drops_panic: bool) -> Verdict {
        if let Some(consumer) = &mut self.consumer {
            let discarded = with_panicking_drops(drops_panic, || consumer.discard());
            prop_assert_eq!(discarded, self.model.discard(drops_panic));
        }
        Ok(())
    }

    fn set_capacity(&mut self, capacity: usize) -> Verdict {
        let max = self.max_capacity;
        let expected = match capacity {
            0 => Err(EdgeError::ZeroCapacity),
            _ if capacity > max => Err(EdgeError::CapacityTooLarge { capacity, max }),
            _ => {
                self.model.capacity = capacity;
                Ok(())
            }
        };
        prop_assert_eq!(self.monitor.set_capacity(capacity), expected);
        Ok(())
    }

    /// Everything that can be observed without changing anything.
    fn compare(&self) -> Verdict {
        let (monitor, model) = (&self.monitor, &self.model);
        let pending = model.pending.len();
        prop_assert_eq!(monitor.ledger(), model.ledger());
        prop_assert!(monitor.ledger().is_balanced());
        prop_assert_eq!(monitor.len(), pending);
        prop_assert_eq!(monitor.is_empty(), pending == 0);
        prop_assert_eq!(monitor.capacity(), model.capacity);
        prop_assert_eq!(monitor.max_capacity(), self.max_capacity);
        prop_assert_eq!(
            monitor.is_closed(),
            model.producer_gone || model.consumer_gone
        );
        if let Some(producer) = &self.producer {
            prop_assert_eq!(
                (producer.len(), producer.capacity()),
                (pending, model.capacity)
            );
            prop_assert_eq!(producer.is_closed(), model.consumer_gone);
        }
        if let Some(consumer) = &self.consumer {
            prop_assert_eq!(
                (consumer.len(), consumer.capacity()),
                (pending, model.capacity)
            );
            prop_assert_eq!(consumer.is_closed(), model.producer_gone);
        }
        prop_assert_eq!(census(), only_alive(pending));
        Ok(())
    }

    /// Drops what is left of the edge; the consumer first, if asked to.
    fn end(mut self, consumer_first: bool) -> Verdict {
        if consumer_first {
            self.consumer = None;
        }
        self.producer = None;
        self.consumer = None;
        self.model.discard(false);
        prop_assert_eq!(self.monitor.ledger(), self.model.ledger());
        prop_assert_eq!(census(), only_alive(0));
        Ok(())
    }
}

fn next(tag: &mut Tag) -> Tag {
    *tag += 1;
    *tag
}

fn only_alive(count: usize) -> Census {
    Census {
        alive: count as i64,
        dropped_twice: 0,
        torn: 0,
    }
}

type Outcome = Result<Sent<Tag>, SendError<Tag>>;

fn outcome<T>(sent: Result<Sent<T>, SendError<T>>, tag: impl Fn(T) -> Tag) -> Outcome {
    match sent {
        Ok(Sent::Stored) => Ok(Sent::Stored),
        Ok(Sent::Dropped(payload)) => Ok(Sent::Dropped(tag(payload))),
        Ok(Sent::Replaced(payload)) => Ok(Sent::Replaced(tag(payload))),
        Ok(Sent::Coalesced) => Ok(Sent::Coalesced),
        Err(SendError::Full(payload)) => Err(SendError::Full(tag(payload))),
        Err(SendError::Closed(payload)) => Err(SendError::Closed(tag(payload))),
    }
}

/// What came back from the edge.
fn seen<const SIZE: usize>(sent: Result<Sent<Payload<SIZE>>, SendError<Payload<SIZE>>>) -> Outcome {
    outcome(sent, |payload| payload.tag())
}

/// What the model expects, as far as a payload of this size can tell.
fn visible<const SIZE: usize>(sent: Outcome) -> Outcome {
    outcome(sent, Payload::<SIZE>::visible)
}

/// The same operations on an edge of payloads of this size and on the model.
fn agree<const SIZE: usize>(
    kind: PolicyKind,
    capacity: usize,
    max_capacity: usize,
    operations: &[Operation],
) -> Verdict {
    new_census();
    let mut pair = Pair::<SIZE>::new(kind, capacity, max_capacity);
    pair.compare()?;
    for &operation in operations {
        pair.carry_out(operation)?;
        pair.compare()?;
    }
    pair.end(operations.len().is_multiple_of(2))
}

/// All capacities from 1 to 9, growing by up to 7, and all sizes.
fn agrees_with_the_model(kind: PolicyKind) {
    for capacity in 1..=9 {
        let case = (0..=7_usize, vec(operation(), 0..80));
        check(24, &case, |(growth, operations)| {
            let max = capacity + growth;
            agree::<0>(kind, capacity, max, &operations)?;
            agree::<1>(kind, capacity, max, &operations)?;
            agree::<8>(kind, capacity, max, &operations)?;
            agree::<72>(kind, capacity, max, &operations)?;
            agree::<256>(kind, capacity, max, &operations)
        });
    }
}

#[test]
fn random_operations_on_a_block_edge_do_what_the_model_does() {
    agrees_with_the_model(PolicyKind::Block);
}

#[test]
fn random_operations_on_a_drop_edge_do_what_the_model_does() {
    agrees_with_the_model(PolicyKind::Drop);
}

#[test]
fn random_operations_on_a_latest_edge_do_what_the_model_does() {
    agrees_with_the_model(PolicyKind::Latest);
}

#[test]
fn random_operations_on_a_coalesce_edge_do_what_the_model_does() {
    agrees_with_the_model(PolicyKind::Coalesce);
}
