//! Clients that ask as fast as they are answered.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

/// A product of two primes that are nearly equal, so that it takes long.
pub const NUMBER: u64 = FACTOR * 1_000_033;

/// Its smallest factor.
pub const FACTOR: u64 = 1_000_003;

/// What is to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Of the service.
    pub address: SocketAddr,
    /// Each asks for itself, one request after the other.
    pub connections: usize,
    /// Of each connection, unless it is closed before.
    pub requests: usize,
}

/// What a request came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// 200 with the right factor, after so long.
    Answered(Duration),
    /// 503 with Retry-After, after so long.
    Refused(Duration),
    /// The connection was closed before there was an answer, or could not be
    /// made.
    Closed,
    /// Anything else.
    Wrong(String),
}

/// Starts the connections; their outcomes, until all of them are done.
#[must_use]
pub fn start(load: Load) -> mpsc::UnboundedReceiver<Outcome> {
    let (sender, outcomes) = mpsc::unbounded_channel();
    for _ in 0..load.connections {
        let sender = sender.clone();
        tokio::spawn(async move {
            if ask(load, &sender).await.is_err() {
                // Nobody listens when the receiver is gone.
                let _ = sender.send(Outcome::Closed);
            }
        });
    }
    outcomes
}

/// One connection; fails when it is closed.
async fn ask(load: Load, outcomes: &mpsc::UnboundedSender<Outcome>) -> Result<(), Failure> {
    let mut connection = connect(load.address).await?;
    for _ in 0..load.requests {
        connection.ready().await?;
        let asked = Instant::now();
        let path = format!("/factor/{NUMBER}");
        let response = connection.send_request(request(load.address, &path)?);
        let response = response.await?;
        let status = response.status();
        let retry = response.headers().contains_key(RETRY_AFTER);
        let body = response.into_body().collect().await?.to_bytes();
        outcomes.send(match status {
            StatusCode::OK if is_right(&body) => Outcome::Answered(asked.elapsed()),
            StatusCode::SERVICE_UNAVAILABLE if retry => Outcome::Refused(asked.elapsed()),
            status => Outcome::Wrong(format!("{status}: {body:?}")),
        })?;
    }
    Ok(())
}

fn is_right(body: &[u8]) -> bool {
    let answer: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    answer.is_some_and(|answer| answer["number"] == NUMBER && answer["factor"] == FACTOR)
}

async fn connect(address: SocketAddr) -> Result<http1::SendRequest<Empty<Bytes>>, Failure> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    // How it ends, the requests on it learn.
    tokio::spawn(connection);
    Ok(sender)
}

fn request(address: SocketAddr, path: &str) -> Result<Request<Empty<Bytes>>, Failure> {
    let request = Request::get(path).header(HOST, address.to_string());
    Ok(request.body(Empty::new())?)
}

/// The status and the body of one page.
///
/// # Errors
/// The connection cannot be made, or is closed.
pub async fn page(address: SocketAddr, path: &str) -> Result<(StatusCode, String), Failure> {
    let mut connection = connect(address).await?;
    let response = connection.send_request(request(address, path)?).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec())?))
}
