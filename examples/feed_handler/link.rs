//! The connection to the consumer of the orders. Nothing here waits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::wire::{ORDER, OrderFrame, RECEIPT};

/// How many orders are written with one call at most.
const CAPACITY: usize = 64;

/// How long the last receipts may take.
const LAST_RECEIPTS: Duration = Duration::from_secs(2);

/// A connection, and what is being written to it.
pub(crate) struct Link {
    stream: TcpStream,
    bytes: [u8; CAPACITY * ORDER],
    /// When what led to each of the orders arrived.
    arrived: [u64; CAPACITY],
    /// How many orders are in `bytes`.
    orders: usize,
    /// How many of their bytes are written.
    sent: usize,
    /// Orders written to this connection.
    written: u64,
    /// The last receipt: how many of them the consumer has.
    received: u64,
    receipt: [u8; RECEIPT],
    /// How many bytes of the next receipt are there.
    receipt_bytes: usize,
}

/// What became of the orders that were to be written.
#[derive(Debug, Default)]
pub(crate) struct Flushed {
    /// Written to the last byte.
    pub(crate) written: usize,
    /// Given up, because the connection takes no more now.
    pub(crate) slow: usize,
    /// Given up, because the connection failed.
    pub(crate) dead: usize,
}

impl Link {
    /// Over a connection that never waits.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            bytes: [0; CAPACITY * ORDER],
            arrived: [0; CAPACITY],
            orders: 0,
            sent: 0,
            written: 0,
            received: 0,
            receipt: [0; RECEIPT],
            receipt_bytes: 0,
        }
    }

    /// Whether one more order can be pushed.
    pub(crate) const fn has_room(&self) -> bool {
        self.orders < CAPACITY
    }

    /// Whether an order is written in part, and others have to wait for it.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.sent > 0
    }

    /// Orders written of which there is no receipt.
    pub(crate) const fn unacknowledged(&self) -> u64 {
        self.written.saturating_sub(self.received)
    }

    /// Adds an order to what is written next. Must have room.
    pub(crate) fn push(&mut self, order: &OrderFrame, arrived: u64) {
        let at = self.orders * ORDER;
        self.bytes[at..at + ORDER].copy_from_slice(bytemuck::bytes_of(order));
        self.arrived[self.orders] = arrived;
        self.orders += 1;
    }

    /// Writes what was pushed. What cannot be written now is given up, for an
    /// order that comes late is worse than none; but one of which the consumer
    /// has a part stays, to be completed. Hands the arrival for each order that
    /// was written to `each`.
    pub(crate) fn flush(&mut self, mut each: impl FnMut(u64)) -> Flushed {
        let end = self.orders * ORDER;
        let mut failed = false;
        while self.sent < end {
            match self.stream.write(&self.bytes[self.sent..end]) {
                Ok(written @ 1..) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => {
                    failed = true;
                    break;
                }
            }
        }
        let written = self.sent / ORDER;
        self.arrived[..written].iter().for_each(|&at| each(at));
        self.written += written as u64;
        let partly = usize::from(!failed && !self.sent.is_multiple_of(ORDER));
        let given_up = self.orders - written - partly;
        if partly == 1 {
            let at = written * ORDER;
            self.bytes.copy_within(at..at + ORDER, 0);
            self.arrived[0] = self.arrived[written];
        }
        self.orders = partly;
        self.sent = if failed { 0 } else { self.sent % ORDER };
        Flushed {
            written,
            slow: if failed { 0 } else { given_up },
            dead: if failed { given_up } else { 0 },
        }
    }

    /// Gives up what is written in part, because the connection is given up.
    pub(crate) fn give_up(&mut self) -> usize {
        self.sent = 0;
        std::mem::take(&mut self.orders)
    }

    /// Reads the receipts that are there.
    ///
    /// # Errors
    /// The connection has failed, or the consumer has ended it.
    pub(crate) fn read_receipts(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64 * RECEIPT];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => bytes[..read].iter().for_each(|&byte| self.take(byte)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends the connection, and waits a moment for the last receipts. Only when
    /// nothing has to be in time any more.
    pub(crate) fn end(&mut self) {
        let told = self.stream.set_nonblocking(false).is_ok()
            && self.stream.set_read_timeout(Some(LAST_RECEIPTS)).is_ok()
            && self.stream.shutdown(std::net::Shutdown::Write).is_ok();
        if told {
            // Its end is what is waited for; no answer in time is one, too.
            let _ = self.read_receipts();
        }
    }

    fn take(&mut self, byte: u8) {
        self.receipt[self.receipt_bytes] = byte;
        self.receipt_bytes += 1;
        if self.receipt_bytes == RECEIPT {
            self.received = u64::from_le_bytes(self.receipt);
            self.receipt_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::wire::Side;

    fn connected() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let (consumer, _) = listener.accept().unwrap();
        (Link::new(stream), consumer)
    }

    fn order(id: u64) -> OrderFrame {
        OrderFrame::new(id, 0, Side::Buy, 100)
    }

    #[test]
    fn orders_that_find_no_room_are_given_up_but_none_is_cut() {
        let (mut link, mut consumer) = connected();
        let mut count = Flushed::default();
        let mut id = 0;
        while count.slow < 1_000 {
            while link.has_room() && !link.is_stuck() {
                id += 1;
                link.push(&order(id), id);
            }
            let flushed = link.flush(|_| ());
            count.written += flushed.written;
            count.slow += flushed.slow;
            assert_eq!(flushed.dead, 0);
            if link.is_stuck() {
                break;
            }
        }
        let waiting = link.orders;
        assert_eq!(id as usize, count.written + count.slow + waiting);
        // What the consumer reads are whole orders, one after the other.
        let mut bytes = vec![0; count.written * ORDER];
        consumer.read_exact(&mut bytes).unwrap();
        let (orders, _) = bytes.as_chunks::<ORDER>();
        for (bytes, id) in orders.iter().zip(1..) {
            assert_eq!(bytemuck::pod_read_unaligned::<OrderFrame>(bytes), order(id));
        }
        let rest = link.flush(|_| ());
        assert_eq!((rest.written, rest.slow), (waiting, 0));
        assert!(!link.is_stuck());
    }

    #[test]
    fn what_was_written_to_a_dead_consumer_has_no_receipt() {
        let (mut link, mut consumer) = connected();
        link.push(&order(1), 10);
        link.push(&order(2), 20);
        let mut arrivals = Vec::new();
        let flushed = link.flush(|arrived| arrivals.push(arrived));
        assert_eq!((flushed.written, arrivals), (2, vec![10, 20]));
        consumer.write_all(&1_u64.to_le_bytes()).unwrap();
        drop(consumer); // with an order unread
        while link.read_receipts().is_ok() {}
        assert_eq!(link.unacknowledged(), 1);
        link.push(&order(3), 30);
        link.push(&order(4), 40);
        let flushed = link.flush(|_| ());
        assert_eq!((flushed.written, flushed.slow, flushed.dead), (0, 0, 2));
    }
}
