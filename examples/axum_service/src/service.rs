//! The service: HTTP on one side, the doors of the engine on the other.
//!
//! # The end
//! 1. It is told to stop. The listener is closed, and the engine begins to
//!    drain: whoever waits at the door is refused with 503.
//! 2. The engine works off what it accepted; each result answers its request.
//! 3. Each connection is closed when it has no request any more.
//! 4. The engine has ended and its last result is delivered: the ledger is
//!    final.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tidegate::door::{Exit, SharedEntrance};
use tidegate::engine::{Engine, EngineHandle, Report};
use tidegate::graph::Edge;
use tidegate::observe::prometheus::{CONTENT_TYPE, EngineCollector};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::graph::{Answer, Job, graph};
use crate::pending::Pending;

/// How long a request whose job was accepted waits for its result: far longer
/// than any job takes. Only a job lost to a fault is not answered by then.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// How long the engine may drain.
const DRAINED_WITHIN: Duration = Duration::from_secs(20);

/// How long connections may stay after the engine was told to stop: somebody
/// may have sent half a request.
const CLOSED_WITHIN: Duration = Duration::from_secs(25);

/// What [`run`] needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// How many workers factorise.
    pub lanes: usize,
    /// How many accepted jobs may wait in the door.
    pub capacity: usize,
    /// How many requests may wait in front of the door.
    pub waiting: usize,
    /// How long each of them waits before it is refused.
    pub patience: Duration,
}

/// What the requests came to. Serialised, it is the program's last line.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Requests for a factor.
    pub requests: u64,
    /// Jobs that the door took.
    pub accepted: u64,
    /// Requests answered with a result.
    pub answered: u64,
    /// Requests refused with 503: no room in time, or shutting down.
    pub refused: u64,
    /// Results whose client had gone.
    pub unclaimed: u64,
    /// Accepted jobs without a result.
    pub lost: u64,
    /// Whether the engine worked off everything in time.
    pub drained: bool,
    /// Faults of its nodes.
    pub faults: u64,
    /// Whether the ledger of every edge balances with nothing in flight or
    /// discarded.
    pub exact: bool,
    /// What became of the messages of each edge.
    pub edges: Vec<EdgeSummary>,
}

/// An edge's part of the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeSummary {
    /// The edge.
    pub id: String,
    /// Messages sent over it.
    pub sent: u64,
    /// Messages received.
    pub delivered: u64,
    /// Messages that are still in it.
    pub in_flight: u64,
    /// Messages dropped at the end.
    pub discarded: u64,
}

impl Summary {
    /// Whether all is as it should be.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.exact && self.drained && self.lost == 0 && self.faults == 0
    }
}

/// Counts of requests, which the metrics page has, too.
#[derive(Clone, Default)]
struct Counts {
    requests: Counter,
    accepted: Counter,
    answered: Counter,
    refused: Counter,
    unclaimed: Counter,
    lost: Counter,
}

impl Counts {
    fn register(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            ("requests", "Requests for a factor", &self.requests),
            ("accepted", "Jobs that the door took", &self.accepted),
            (
                "answered",
                "Requests answered with a result",
                &self.answered,
            ),
            ("refused", "Requests refused with 503", &self.refused),
            (
                "unclaimed",
                "Results whose client had gone",
                &self.unclaimed,
            ),
            ("lost", "Accepted jobs without a result", &self.lost),
        ] {
            registry.register(format!("service_{name}"), help, counter.clone());
        }
    }
}

/// What the handlers share.
struct Service {
    door: SharedEntrance<Job>,
    pending: Pending,
    counts: Counts,
    registry: Registry,
    waiting: usize,
    patience: Duration,
}

/// Serves until `stop` is ready, or the engine ends by itself; calls `listening`
/// with the address first.
///
/// # Errors
/// The address cannot be had, or the engine cannot be built.
pub async fn run(
    options: &Options,
    listening: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Summary, Box<dyn Error + Send + Sync>> {
    let mut engine = Engine::builder(graph(options.lanes)?)
        .workers(options.lanes)
        .batch(1) // jobs are long; a result is not to wait for the next one
        .entrance("requests", Edge::block(options.capacity))
        .exit("results", Edge::block(options.capacity))
        .start()?;
    let handle = engine.handle();
    let results = engine.take_exit::<Answer>("results")?;
    let (counts, mut registry) = (Counts::default(), Registry::default());
    counts.register(&mut registry);
    registry.register_collector(Box::new(EngineCollector::new(handle.clone())));
    let service = Arc::new(Service {
        door: engine.take_entrance::<Job>("requests")?.share(),
        pending: Pending::default(),
        counts: counts.clone(),
        registry,
        waiting: options.waiting,
        patience: options.patience,
    });

    let listener = TcpListener::bind(options.address).await?;
    listening(listener.local_addr()?);
    let (results, ended) = deliver(results, Arc::clone(&service));
    let router = Router::new()
        .route("/factor/{number}", get(factor))
        .route("/metrics", get(metrics))
        .with_state(service);
    let (stopped, has_stopped) = oneshot::channel::<()>();
    let stopping = handle.clone();
    let stop = async move {
        tokio::select! {
            () = stop => {}
            _ = ended => {}
        }
        stopping.request_shutdown(DRAINED_WITHIN);
        drop(stopped);
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stop) => served?,
        () = async {
            let _ = has_stopped.await; // dropped, never sent
            tokio::time::sleep(CLOSED_WITHIN).await;
        } => {}
    }
    let report = tokio::task::spawn_blocking(|| engine.wait()).await?;
    results.await?;
    Ok(summary(&counts, &report, &handle))
}

/// Hands every result to its request, in a task of its own. The second value
/// is ready when there will be none any more.
fn deliver(
    mut results: Exit<Answer>,
    service: Arc<Service>,
) -> (JoinHandle<()>, oneshot::Receiver<()>) {
    let (going_on, ended) = oneshot::channel();
    let task = tokio::spawn(async move {
        while let Some(result) = results.recv().await {
            if !service.pending.answer(result.into_payload()) {
                service.counts.unclaimed.inc();
            }
        }
        service.pending.abandon();
        drop(going_on);
    });
    (task, ended)
}

async fn factor(State(service): State<Arc<Service>>, Path(number): Path<u64>) -> Response {
    let counts = &service.counts;
    counts.requests.inc();
    if service.door.waiting() >= service.waiting {
        return refuse(counts, "too many requests wait");
    }
    let mut claim = service.pending.claim();
    let job = Job {
        id: claim.id,
        number,
    };
    // Dropped when the time is over, the job has not been sent.
    match timeout(service.patience, service.door.send(job)).await {
        Ok(Ok(_)) => counts.accepted.inc(),
        Ok(Err(_)) => return refuse(counts, "the service shuts down"),
        Err(_) => return refuse(counts, "no room in time"),
    };
    match timeout(ANSWERED_WITHIN, claim.answer()).await {
        Ok(Some(answer)) => {
            counts.answered.inc();
            let Answer { factor, .. } = answer;
            Json(Factor { number, factor }).into_response()
        }
        _ => {
            counts.lost.inc();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The body of an answer.
#[derive(Serialize)]
struct Factor {
    number: u64,
    factor: Option<u64>,
}

fn refuse(counts: &Counts, why: &'static str) -> Response {
    counts.refused.inc();
    let retry = [(header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, retry, why).into_response()
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let mut page = String::new();
    match encode(&mut page, &service.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// After the last result was received: the report itself is older than that.
fn summary(counts: &Counts, report: &Report, handle: &EngineHandle) -> Summary {
    let edges: Vec<_> = handle
        .snapshot()
        .edges
        .into_iter()
        .map(|edge| EdgeSummary {
            id: edge.id,
            sent: edge.ledger.sent,
            delivered: edge.ledger.delivered,
            in_flight: edge.ledger.in_flight,
            discarded: edge.ledger.discarded,
        })
        .collect();
    Summary {
        requests: counts.requests.get(),
        accepted: counts.accepted.get(),
        answered: counts.answered.get(),
        refused: counts.refused.get(),
        unclaimed: counts.unclaimed.get(),
        lost: counts.lost.get(),
        drained: report.drained,
        faults: report.faults.len() as u64 + report.more_faults,
        exact: edges.iter().all(|edge| edge.sent == edge.delivered),
        edges,
    }
}
