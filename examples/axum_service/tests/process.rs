//! The service as a process, under loads that it cannot carry.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tidegate_axum_service::load::{self, Load, Outcome};
use tokio::time::timeout;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running service; killed if the test fails.
struct Service {
    process: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Service {
    /// One that takes little, so that much is too much.
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_axum_service"))
            .args(["--address", "127.0.0.1:0", "--capacity", "4"])
            .args(["--waiting", "16", "--patience", "20"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let output = process.stdout.take().expect("its output is piped");
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line).expect("it says where");
        let address = line.trim().strip_prefix("http://").expect("an address");
        let address = address.parse().expect("an address");
        Self {
            process,
            output,
            address,
        }
    }

    fn terminate(&self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).expect("it runs");
    }

    /// How it ended, and its last line.
    fn wait(mut self) -> (ExitStatus, Value) {
        let mut last = String::new();
        self.output.read_to_string(&mut last).expect("its output");
        let status = self.process.wait().expect("it ends");
        let summary = serde_json::from_str(last.trim());
        (
            status,
            summary.unwrap_or_else(|error| panic!("{error}: {last}")),
        )
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended, unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Debug, Default)]
struct Tally {
    answered: u64,
    refused: u64,
    closed: u64,
}

/// Counts outcomes until all connections are done; calls `answered` with the
/// number of results so far after each.
async fn tally(load: Load, mut answered: impl FnMut(u64)) -> Tally {
    let mut outcomes = load::start(load);
    let mut tally = Tally::default();
    while let Some(outcome) = outcomes.recv().await {
        match outcome {
            Outcome::Answered(_) => {
                tally.answered += 1;
                answered(tally.answered);
            }
            Outcome::Refused(_) => tally.refused += 1,
            Outcome::Closed => tally.closed += 1,
            Outcome::Wrong(what) => panic!("{what}"),
        }
    }
    tally
}

/// The books of the service agree with those of its clients.
fn assert_exact(status: ExitStatus, summary: &Value, clients: &Tally) {
    assert_eq!(status.code(), Some(0), "{summary}");
    assert_eq!(
        summary["answered"], clients.answered,
        "{clients:?} {summary}"
    );
    assert_eq!(
        summary["accepted"], clients.answered,
        "{clients:?} {summary}"
    );
    assert_eq!(summary["refused"], clients.refused, "{clients:?} {summary}");
    assert_eq!(summary["requests"], clients.answered + clients.refused);
    let edges = summary["edges"].as_array().expect("edges");
    assert_eq!(edges.len(), 6, "{summary}");
    for edge in edges {
        assert_eq!(edge["sent"], edge["delivered"], "{summary}");
    }
    let through = |door: &str| {
        let mut edges = edges.iter();
        let edge = edges.find(|edge| edge["id"] == door).expect("a door");
        edge["delivered"].as_u64()
    };
    assert_eq!(through(">requests->spread:in"), Some(clients.answered));
    assert_eq!(through("merge:out->results>"), Some(clients.answered));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_an_overload_is_answered_with_a_result_or_503() {
    let service = Service::start();
    let load = Load {
        address: service.address,
        connections: 200,
        requests: 20,
    };
    let clients = timeout(PATIENCE, tally(load, |_| ()));
    let clients = clients.await.expect("none hangs");
    assert_eq!(clients.answered + clients.refused, 200 * 20, "{clients:?}");
    assert_eq!(clients.closed, 0);
    assert!(clients.answered > 0 && clients.refused > 0, "{clients:?}");

    let (status, page) = load::page(service.address, "/metrics")
        .await
        .expect("a page");
    assert_eq!(status, 200);
    let counted = format!("service_answered_total {}", clients.answered);
    let sent = "tidegate_edge_sent_total{graph=\"factors\",edge=\">requests->spread:in\"";
    for line in [counted.as_str(), sent] {
        assert!(
            page.lines().any(|found| found.starts_with(line)),
            "{line} in {page}"
        );
    }
    let (status, _) = load::page(service.address, "/factor/many")
        .await
        .expect("an answer");
    assert_eq!(status, 400);

    service.terminate();
    let (status, summary) = service.wait();
    assert_exact(status, &summary, &clients);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_amid_an_overload_loses_nothing_that_was_accepted() {
    let service = Service::start();
    let load = Load {
        address: service.address,
        connections: 200,
        requests: usize::MAX,
    };
    let amid = |answered| {
        if answered == 100 {
            service.terminate();
        }
    };
    let clients = timeout(PATIENCE, tally(load, amid))
        .await
        .expect("none hangs");
    assert!(clients.answered >= 100, "{clients:?}");
    assert_eq!(clients.closed, 200, "each connection ends");
    let (status, summary) = service.wait();
    assert_exact(status, &summary, &clients);
}
