//! The graph behind the service: jobs are dealt out to lanes in turn, and what
//! the lanes make of them is merged.
//!
//! ```text
//!                      ┌─► lane0 ─┐
//!  requests ─► spread ─┤          ├─► merge ─► results
//!                      └─► lane1 ─┘
//! ```

use std::error::Error;

use tidegate::Band;
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Context, Input, Node, NodeOptions, NodeResult, Output, Ports, builtin};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Matches the answer to the request.
    pub id: u64,
    /// The number to factorise.
    pub number: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of the job.
    pub id: u64,
    /// The smallest prime factor; `None` of 0 and 1.
    pub factor: Option<u64>,
}

/// Deals out what it receives to its outputs in turn.
struct Spread {
    jobs: Input<Job>,
    lanes: Vec<Output<Job>>,
    turn: usize,
}

impl Spread {
    fn new(lanes: usize) -> Self {
        Self {
            jobs: Input::new(),
            lanes: (0..lanes).map(|_| Output::new()).collect(),
            turn: 0,
        }
    }
}

impl Node for Spread {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.jobs);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            ports.output(&format!("out{index}"), lane);
        }
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(job) = self.jobs.recv(cx) {
            // There is room: the node is not called while a lane is full.
            self.lanes[self.turn].send_message(cx, job)?;
            self.turn = (self.turn + 1) % self.lanes.len();
        }
        Ok(())
    }
}

/// The graph with so many lanes, each on a worker of its own; it exposes
/// `requests` and `results`.
///
/// # Errors
/// More lanes than a node can have ports, or none.
pub fn graph(lanes: usize) -> Result<Subgraph, Box<dyn Error + Send + Sync>> {
    let mut graph = Subgraph::new("factors");
    let on_first = NodeOptions::new().worker(0);
    let spread = graph.add_with("spread", Spread::new(lanes), on_first)?;
    let merge = graph.add_with("merge", builtin::merge::<Answer>(lanes), on_first)?;
    for index in 0..lanes {
        let lane = builtin::map(|job: Job| Answer {
            id: job.id,
            factor: smallest_factor(job.number),
        });
        let options = NodeOptions::new().worker(index);
        let lane = graph.add_with(&format!("lane{index}"), lane, options)?;
        // Short: what waits is to wait at the door, where it can be refused.
        graph.connect(
            spread.output(move |n| &n.lanes[index]),
            lane.input(|n| &n.input),
            Edge::block(2),
        )?;
        // High: answers and dealing out come before the next job.
        graph.connect(
            lane.output(|n| &n.output),
            merge.input(move |n| n.input(index)),
            Edge::block(2).band(Band::High),
        )?;
    }
    graph.expose_input("requests", spread.input(|n| &n.jobs))?;
    graph.expose_output("results", merge.output(|n| &n.output))?;
    Ok(graph)
}

/// By trial division, which is the point: it takes long for large primes.
fn smallest_factor(number: u64) -> Option<u64> {
    if number < 2 {
        return None;
    }
    if number.is_multiple_of(2) {
        return Some(2);
    }
    let odd = (3..).step_by(2);
    let factor = odd
        .take_while(|odd| odd * odd <= number)
        .find(|odd| number.is_multiple_of(*odd));
    Some(factor.unwrap_or(number))
}

#[cfg(test)]
mod tests {
    use tidegate::harness::NodeHarness;

    use super::*;

    #[test]
    fn jobs_are_dealt_out_in_turn_and_wait_while_a_lane_is_full() -> Result<(), Box<dyn Error>> {
        let mut harness = NodeHarness::builder(Spread::new(2))
            .output("out0", Edge::block(1))
            .build()?;
        let job = |id| Job { id, number: 7 };
        harness.feed("in", (0..4).map(job))?;
        harness.run();
        assert_eq!(harness.collect::<Job>("out1")?, []);
        assert_eq!(harness.collect::<Job>("out0")?, [job(0)]);
        harness.run();
        assert_eq!(harness.collect::<Job>("out1")?, [job(1)]);
        assert_eq!(harness.collect::<Job>("out0")?, [job(2)]);
        harness.run();
        assert_eq!(harness.collect::<Job>("out1")?, [job(3)]);
        assert!(harness.finish().is_balanced());
        Ok(())
    }

    #[test]
    fn the_smallest_factor_is_prime_and_the_number_itself_when_that_is() {
        let found = [0, 1, 2, 9, 35, 97, 1_000_003 * 1_000_033].map(smallest_factor);
        let [none, one, two, nine, composite, prime, large] = found;
        assert_eq!((none, one), (None, None));
        assert_eq!((two, nine), (Some(2), Some(3)));
        assert_eq!(
            (composite, prime, large),
            (Some(5), Some(97), Some(1_000_003))
        );
    }
}
