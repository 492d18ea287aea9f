//! The example `feed_handler`, run as programs: a sender, a handler, and a
//! consumer, which is either the example's or one that misbehaves.
#![cfg(target_os = "linux")]
// A consumer is a thread of this test, outside of any engine.
#![allow(clippy::disallowed_methods)]

#[path = "common/example.rs"]
mod example;
#[path = "common/program.rs"]
mod program;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use program::Program;
use rustix::net::sockopt;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::Value;

/// The bytes of an order.
const ORDER: usize = 24;

/// How long something may take that does not take long.
const PATIENCE: Duration = Duration::from_secs(60);

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| example::build("feed_handler"));

fn start(arguments: &[&str]) -> Program {
    Program::start(Command::new(&*PROGRAM).args(arguments))
}

/// A handler that leaves the processor to others and ends with the sessions of
/// so many senders, and where it listens.
fn handler(orders: SocketAddr, sessions: u64) -> (Program, String) {
    let sessions = format!("--sessions={sessions}");
    let orders = format!("--orders={orders}");
    let mut handler = start(&[
        "handle",
        "--listen=239.255.77.1:0",
        &orders,
        "--seconds=300",
        &sessions,
        "--poll=200",
        "--kills=0",
        "--json",
    ]);
    let address = listening(&mut handler);
    (handler, address)
}

/// A sender of so few datagrams that none is lost, however slow the handler is:
/// the kernel can hold them all, or where it holds less, those of half a second.
fn sender(to: &str, count: u64, arguments: &[&str]) -> Program {
    let (to, count) = (format!("--to={to}"), format!("--count={count}"));
    let rate = format!("--rate={}", rate());
    let all = ["send", &to, &count, &rate, "--burst=4"];
    start(&[&all, arguments].concat())
}

/// Datagrams in a second.
fn rate() -> u64 {
    let most = fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
    let most: u64 = most.trim().parse().unwrap();
    // The kernel needs less than a thousand bytes for one, and grants twice what
    // it calls the most.
    (2 * most / 1_000 * 2).min(5_000)
}

/// Waits until the socket that listens at this address holds no datagram.
#[track_caller]
fn wait_until_all_is_read(address: &str) {
    let address: SocketAddr = address.parse().unwrap();
    let begin = Instant::now();
    loop {
        let mut sockets = procfs::net::udp().unwrap().into_iter();
        let listens = sockets.find(|socket| socket.local_address == address);
        let socket = listens.expect("a socket that listens there");
        if socket.rx_queue == 0 {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{socket:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

const QUIET: [&str; 3] = ["--gaps=0", "--duplicates=0", "--malformed=0"];
const LOUD: [&str; 3] = ["--gaps=20000", "--duplicates=20000", "--malformed=20000"];
/// Nearly every quote brings an order.
const JUMPY: &str = "--jumps=1000000";

fn listening(program: &mut Program) -> String {
    let line = program.line();
    let address = line.strip_prefix("listening on ");
    address.expect("its address").to_owned()
}

fn consumer() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// What holds of every run, whatever went wrong in it.
#[track_caller]
fn assert_accounts(report: &Value, sent: &Value) {
    assert_agrees(report);
    assert_eq!(report["feed"]["kernel_drops"], 0, "{report}");
    assert_eq!(report["sequences"]["accepted"], sent["quotes"], "{report}");
    assert_eq!(report["strategy"]["updates"], sent["quotes"], "{report}");
    let orders = &report["gateway"]["orders"];
    assert_eq!(report["strategy"]["orders"], orders["taken"], "{report}");
    assert!(count(&orders["taken"]) > 0, "{report}");
}

#[track_caller]
fn count(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}

/// The ledgers balance, and no two accounts of the same thing differ.
#[track_caller]
fn assert_agrees(report: &Value) {
    assert_eq!(report["balanced"], true, "{report}");
    let disagreements = &report["disagreements"];
    assert_eq!(*disagreements, Value::Array(Vec::new()), "{report}");
}

#[test]
fn gaps_duplicates_and_malformed_datagrams_found_are_those_that_were_sent() {
    let mut consumer = start(&["consume", "--listen=127.0.0.1:0"]);
    let orders = listening(&mut consumer).parse().unwrap();
    let (handler, feed) = handler(orders, 1);
    let sent = sender(&feed, 8_000, &LOUD).report();
    let report = handler.report();
    assert_accounts(&report, &sent);
    for (what, found, made) in [
        ("gaps", &report["sequences"]["gaps"], &sent["gaps"]),
        ("missing", &report["sequences"]["missing"], &sent["skipped"]),
        (
            "duplicates",
            &report["sequences"]["duplicates"],
            &sent["duplicates"],
        ),
        (
            "malformed",
            &report["feed"]["malformed"],
            &sent["malformed"],
        ),
    ] {
        assert!(count(made) > 50, "{what}: {sent}");
        assert_eq!(found, made, "{what}: {report}");
    }
    assert_eq!(report["sequences"]["late"], 0);

    let orders = &report["gateway"]["orders"];
    let consumed: Value = serde_json::from_str(&consumer.line()).unwrap();
    assert_eq!(orders["acknowledged"], consumed["orders"]);
    assert_eq!(
        (&consumed["out_of_order"], &consumed["rest"]),
        (&0.into(), &0.into())
    );
    let latency = &report["gateway"]["wire_to_wire_us"];
    assert_eq!(latency["count"], orders["written"]);
    assert!(latency["p50"].as_f64() > Some(0.0), "{latency}");
    assert!(
        latency["max"].as_f64() >= latency["p999"].as_f64(),
        "{latency}"
    );
}

#[test]
fn no_order_follows_the_kill_switch_and_all_three_accounts_agree() {
    let run = [
        "--seconds=2",
        "--rate=5000",
        "--kills=4",
        "--poll=200",
        "--workers=2",
        "--json",
        JUMPY,
    ];
    let report = start(&run).report();
    assert_eq!(
        report["disagreements"],
        Value::Array(Vec::new()),
        "{report}"
    );
    let gateway = &report["gateway"];
    assert_eq!(gateway["kill_heard_us"]["count"], 4, "{report}");
    assert_eq!(gateway["kill_last_order_us"]["count"], 4, "{report}");
    // The last order was written before the gateway knew.
    let last_order = gateway["kill_last_order_us"]["max"].as_f64();
    assert!(
        last_order <= gateway["kill_heard_us"]["max"].as_f64(),
        "{report}"
    );
    assert!(count(&report["strategy"]["halted"]) > 0, "{report}");
    assert_eq!(
        report["consumer"]["orders"],
        gateway["orders"]["acknowledged"]
    );
    assert_eq!(gateway["orders"]["unacknowledged"], 0);
}

#[test]
fn without_a_consumer_the_feed_goes_on_and_every_order_is_counted_as_dead() {
    let (listener, orders) = consumer();
    drop(listener);
    let (handler, feed) = handler(orders, 1);
    let sent = sender(&feed, 2_000, &QUIET).report();
    let report = handler.report();
    assert_accounts(&report, &sent);
    let orders = &report["gateway"]["orders"];
    assert_eq!(
        (&orders["written"], &orders["dead"]),
        (&0.into(), &orders["taken"])
    );
}

#[test]
fn a_consumer_that_dies_is_replaced_and_what_it_did_not_confirm_is_counted() {
    const READ: usize = 50;
    let (listener, orders) = consumer();
    let (handler, feed) = handler(orders, 2);
    let arguments = [&QUIET[..], &[JUMPY]].concat();
    let before = sender(&feed, 4_000, &arguments);
    // The first reads some, gives no receipts, and dies.
    let (mut first, _) = listener.accept().unwrap();
    first.read_exact(&mut [0; READ * ORDER]).unwrap();
    drop(listener);
    drop(first);
    let listener = TcpListener::bind(orders).unwrap();
    let (second, _) = listener.accept().unwrap();
    let mut sent = before.report();
    let after = sender(&feed, 4_000, &arguments);
    let confirmed = confirm_all(second);
    let quotes = count(&sent["quotes"]) + count(&after.report()["quotes"]);
    sent["quotes"] = quotes.into();
    let report = handler.report();
    assert_accounts(&report, &sent);
    assert!(confirmed > 0, "{report}");
    let gateway = &report["gateway"];
    assert_eq!(
        (&gateway["links"], &gateway["lost_links"]),
        (&2.into(), &1.into())
    );
    assert_eq!(gateway["orders"]["acknowledged"], confirmed, "{report}");
    let unacknowledged = count(&gateway["orders"]["unacknowledged"]);
    assert!(unacknowledged >= READ as u64, "{report}");
}

/// Reads orders and gives a receipt for each, to the end; how many there were.
fn confirm_all(mut stream: TcpStream) -> u64 {
    let mut orders: u64 = 0;
    while stream.read_exact(&mut [0; ORDER]).is_ok() {
        orders += 1;
        stream.write_all(&orders.to_le_bytes()).unwrap();
    }
    orders
}

#[test]
fn a_consumer_that_does_not_read_holds_up_nothing_and_its_orders_are_counted() {
    let (listener, orders) = consumer();
    sockopt::set_socket_recv_buffer_size(&listener, 1).unwrap(); // the least
    let (handler, feed) = handler(orders, 1);
    let arguments = [&QUIET[..], &[JUMPY, "--burst=1"]].concat();
    let rate = format!("--rate={}", rate());
    let all = ["send", "--to", &feed, "--count=8000", &rate];
    let sender = start(&[&all, &arguments[..]].concat());
    let (unread, _) = listener.accept().unwrap();
    let (sent, report) = (sender.report(), handler.report());
    drop(unread);
    assert_accounts(&report, &sent);
    let orders = &report["gateway"]["orders"];
    assert!(count(&orders["slow"]) > 0, "{report}");
    assert_eq!(orders["unacknowledged"], orders["written"], "{report}");
    assert_eq!(report["gateway"]["lost_links"], 0, "{report}");
}

#[test]
fn what_the_kernel_throws_away_is_counted_apart_and_nothing_is_lost_silently() {
    let (listener, orders) = consumer();
    let (handler, feed) = handler(orders, 1);
    let (stream, _) = listener.accept().unwrap();
    let reader = thread::spawn(move || confirm_all(stream));
    // It stands still, while more comes than the kernel can hold.
    let process = Pid::from_child(&handler.child);
    kill_process(process, Signal::STOP).unwrap();
    waitpid(Some(process), WaitOptions::UNTRACED).unwrap(); // all its threads stand
    let flood = ["--count=50000", "--rate=10000000", "--to", &feed];
    let flood = start(&[&["send"], &QUIET[..], &flood].concat()).report();
    kill_process(process, Signal::CONT).unwrap();
    // Or else the kernel has no room for what comes now.
    wait_until_all_is_read(&feed);
    let quiet = sender(&feed, 2_000, &QUIET).report();
    let report = handler.report();
    reader.join().unwrap();
    assert_agrees(&report);
    let figures = &report["feed"];
    let dropped = count(&figures["kernel_drops"]);
    assert!(dropped > 10_000, "{report}");
    let known = count(&figures["datagrams"]) + count(&figures["unread"]) + dropped;
    let sent = count(&flood["datagrams"]) + count(&quiet["datagrams"]);
    // But for repeated ends, which come when the handler has ended.
    assert!((sent - 2..=sent).contains(&known), "{sent}: {report}");
    assert_eq!(report["sequences"]["gaps"], 0, "{report}");
}

#[test]
fn a_sender_that_dies_and_starts_again_is_a_new_session() {
    let (listener, orders) = consumer();
    let (handler, feed) = handler(orders, 1);
    let mut first = sender(&feed, 1_000_000, &[&QUIET[..], &[JUMPY]].concat());
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; ORDER]).unwrap(); // it was heard
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let reader = thread::spawn(move || confirm_all(stream));
    let sent = sender(&feed, 4_000, &LOUD).report();
    let report = handler.report();
    reader.join().unwrap();
    assert_agrees(&report);
    let found = &report["sequences"];
    assert_eq!(
        (&found["sessions"], &found["old_session"]),
        (&2.into(), &0.into())
    );
    assert!(
        count(&found["accepted"]) > count(&sent["quotes"]),
        "{report}"
    );
    // Neither do the numbers of the two mix, nor is the jump between them a gap.
    assert_eq!(
        (&found["gaps"], &found["missing"]),
        (&sent["gaps"], &sent["skipped"])
    );
    assert_eq!(found["duplicates"], sent["duplicates"], "{report}");
}
