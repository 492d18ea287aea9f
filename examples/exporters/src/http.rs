//! A page of metrics over HTTP.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tidegate::observe::prometheus::CONTENT_TYPE;
use tiny_http::{Header, Method, Request, Response, Server};

/// Answers `GET /metrics` on a thread of its own until it is dropped.
pub struct MetricsServer {
    server: Arc<Server>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// Serves `registry` on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is in use, or is not one of this machine.
    pub fn start(address: &str, registry: Registry) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let server = Server::http(address).map_err(|error| format!("{address}: {error}"))?;
        let address = server.server_addr().to_ip().ok_or("not an IP address")?;
        let server = Arc::new(server);
        let requests = Arc::clone(&server);
        let thread = std::thread::Builder::new()
            .name("metrics".into())
            .spawn(move || {
                for request in requests.incoming_requests() {
                    // A peer that has gone does not concern the next one.
                    let _ = answer(request, &registry);
                }
            })?;
        Ok(Self {
            server,
            address,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(request: Request, registry: &Registry) -> std::io::Result<()> {
    if *request.method() != Method::Get || request.url() != "/metrics" {
        let response = Response::from_string("the page is GET /metrics\n");
        return request.respond(response.with_status_code(404));
    }
    let mut page = String::new();
    match encode(&mut page, registry) {
        Ok(()) => {
            let kind = Header::from_bytes("Content-Type", CONTENT_TYPE);
            let mut response = Response::from_string(page);
            if let Ok(kind) = kind {
                response.add_header(kind);
            }
            request.respond(response)
        }
        Err(error) => {
            let response = Response::from_string(error.to_string());
            request.respond(response.with_status_code(500))
        }
    }
}
