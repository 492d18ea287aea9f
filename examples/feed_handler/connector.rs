//! Keeps the orders connected: a thread beside the engine, because connecting
//! waits. It hands connections in through a door, and hears through another
//! when one was lost.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::sockopt;
use tidegate::door::{Entrance, Exit};
use tidegate::edge::RecvError;

/// How long one attempt may take, and how long until the next.
const PATIENCE: Duration = Duration::from_millis(100);

/// What may wait in the kernel for a consumer that does not read: more would be
/// old before it arrives.
const BUFFER: usize = 16 << 10;

/// The connection to the consumer has failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost;

/// Connects, and connects again whenever a connection was lost, until the
/// engine ends.
pub(crate) fn run(orders: SocketAddr, mut links: Entrance<TcpStream>, mut lost: Exit<Lost>) {
    loop {
        let connected = connect(orders).is_ok_and(|stream| links.try_send(stream).is_ok());
        if links.is_closed() {
            return;
        }
        loop {
            match lost.recv_timeout(PATIENCE) {
                Ok(_) => break,
                Err(RecvError::Closed) => return,
                Err(_) if connected => {}
                Err(_) => break,
            }
        }
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    sockopt::set_socket_send_buffer_size(&stream, BUFFER)?;
    Ok(stream)
}
