//! The consumer: a process that takes orders, and gives receipts.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde::{Deserialize, Serialize};

use crate::options::ConsumeOptions;
use crate::wire::{ORDER, OrderFrame};

/// What arrived over one connection: the line that is printed when it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consumed {
    /// Whole orders.
    pub(crate) orders: u64,
    /// Orders whose number is not above the one before.
    pub(crate) out_of_order: u64,
    /// Bytes of an order that did not arrive whole.
    pub(crate) rest: u64,
}

/// Takes orders from one connection after the other. Ends with the process.
pub(crate) fn run(options: &ConsumeOptions) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(options.listen)?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept()?;
        let consumed = consume(stream);
        writeln!(io::stdout(), "{}", serde_json::to_string(&consumed)?)?;
    }
}

/// Until the other side ends the connection, or it fails.
fn consume(mut stream: TcpStream) -> Consumed {
    let mut consumed = Consumed::default();
    let mut last = None;
    let mut buffer = [0; 256 * ORDER];
    let mut filled = 0;
    // A receipt is worth a packet of its own.
    let _ = stream.set_nodelay(true);
    while let Ok(received @ 1..) = stream.read(&mut buffer[filled..]) {
        filled += received;
        let (orders, _) = buffer[..filled].as_chunks::<ORDER>();
        for bytes in orders {
            let order: OrderFrame = bytemuck::pod_read_unaligned(bytes);
            consumed.out_of_order += u64::from(last >= Some(order.id()));
            last = Some(order.id());
        }
        let whole = orders.len() * ORDER;
        consumed.orders += orders.len() as u64;
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
        if stream.write_all(&consumed.orders.to_le_bytes()).is_err() {
            break;
        }
    }
    consumed.rest = filled as u64;
    consumed
}
