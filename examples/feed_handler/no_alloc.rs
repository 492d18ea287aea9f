//! The whole handler, step by step on one thread: it allocates nothing for a
//! datagram or an order, and obeys the kill switch at once.

#[path = "../../tests/allocator/counting.rs"]
mod counting;

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;

use counting::{counted, watch};
use tidegate::door::Entrance;
use tidegate::engine::SteppedEngine;

use crate::nodes::{Figures, Switch};
use crate::options::Running;
use crate::pipeline;
use crate::socket::FeedSocket;
use crate::wall;
use crate::wire::{Datagram, ORDER, Prices, SYMBOLS};

/// More than enough for what is sent in one go.
const STEPS: usize = 200;

/// The sender's side, and the consumer's.
struct Bench {
    feed: UdpSocket,
    consumer: TcpStream,
    next: u64,
}

impl Bench {
    /// Sends a quote of each symbol, all of them at this price, a duplicate, and
    /// something malformed.
    fn quote(&mut self, middle: i64) {
        for symbol in 0..SYMBOLS as u32 {
            let prices = Prices {
                symbol,
                quantity: 1,
                bid: middle - 1,
                ask: middle + 1,
            };
            let quote = Datagram::quote(1, self.next, &prices);
            self.feed.send(bytemuck::bytes_of(&quote)).unwrap();
            if symbol == 0 {
                self.feed.send(bytemuck::bytes_of(&quote)).unwrap();
                self.feed.send(&[0; 7]).unwrap();
            }
            self.next += 1;
        }
    }

    /// Whole orders that have arrived.
    fn orders(&mut self) -> usize {
        let mut bytes = [0; 64 * ORDER];
        match self.consumer.read(&mut bytes) {
            Ok(read) => read / ORDER,
            Err(_) => 0, // nothing there
        }
    }
}

/// Watched: what the engine does until nothing is left to do.
fn run(engine: &mut SteppedEngine) {
    watch(true);
    engine.run_until_idle(STEPS);
    watch(false);
}

fn switch(operator: &mut Entrance<Switch>, halt: bool) {
    let at = wall::nanos();
    operator.try_send(Switch { halt, at }).unwrap();
}

#[test]
fn nothing_is_allocated_for_a_datagram_or_an_order_and_the_kill_switch_holds_at_once() {
    const ROUNDS: usize = 200;
    let local = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
    let socket = FeedSocket::open(local).unwrap();
    let feed = UdpSocket::bind(local).unwrap();
    feed.connect(socket.address().unwrap()).unwrap();
    let listener = TcpListener::bind(local).unwrap();
    let link = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    link.set_nonblocking(true).unwrap();
    link.set_nodelay(true).unwrap();
    let (consumer, _) = listener.accept().unwrap();
    consumer.set_nonblocking(true).unwrap();

    let running = Running {
        seconds: 1,
        json: false,
        workers: 1,
        poll: None,
        kills: 0,
    };
    let (results, figures) = mpsc::channel();
    let builder = pipeline::build(socket, &running, None, &results).unwrap();
    let mut engine = builder.stepping().unwrap();
    let mut operator = engine.take_entrance::<Switch>("operator").unwrap();
    let mut links = engine.take_entrance::<TcpStream>("links").unwrap();
    let lost = engine.take_exit::<crate::connector::Lost>("lost").unwrap();
    links.try_send(link).unwrap();

    let mut bench = Bench {
        feed,
        consumer,
        next: 1,
    };
    let before = counted();
    let (mut traded, mut halted) = (0, 0);
    bench.quote(1_000); // where it is traded from
    run(&mut engine);
    for round in 0..ROUNDS {
        // Each price has gone far from where it was.
        bench.quote(if round % 2 == 0 { 2_000 } else { 1_000 });
        let is_halted = round % 4 >= 2;
        switch(&mut operator, is_halted);
        run(&mut engine);
        let orders = bench.orders();
        *(if is_halted { &mut halted } else { &mut traded }) += orders;
    }
    assert_eq!(counted(), before, "allocations and frees");
    watch(true);
    drop(std::hint::black_box(Box::new(traded)));
    watch(false);
    let after = counted();
    assert_eq!(
        (after.0 - before.0, after.1 - before.1),
        (1, 1),
        "the check bites"
    );

    assert_eq!((traded, halted), (ROUNDS / 2 * SYMBOLS, 0));
    drop((operator, links, lost));
    drop(bench);
    let report = engine.shutdown(STEPS);
    assert!(report.is_balanced(), "{report}");
    let received = figures.try_iter().find_map(|figures| match figures {
        Figures::Receive(received) => Some(received),
        _ => None,
    });
    let received = received.expect("figures");
    let malformed = ROUNDS as u64 + 1;
    assert_eq!(received.malformed, malformed);
    assert_eq!(received.datagrams, malformed * (SYMBOLS as u64 + 2));
}
