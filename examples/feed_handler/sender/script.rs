//! What a sender says, datagram by datagram: the same for the same seed.

use fastrand::Rng;

use super::Sent;
use crate::options::Feed;
use crate::wire::{DATAGRAM, Datagram, Prices, SYMBOLS};

/// The longest datagram, which is a malformed one.
pub(crate) const LONGEST: usize = 1_200;

/// Where every price begins, and what it does not fall below.
const BEGIN: i64 = 10_000;
const LEAST: i64 = 1_000;
/// How far a price goes in a jump.
const JUMP: i64 = 100;

pub(crate) struct Script {
    random: Rng,
    feed: Feed,
    session: u64,
    /// The number of the next quote.
    next: u64,
    last: Option<Datagram>,
    prices: [i64; SYMBOLS],
    sent: Sent,
}

impl Script {
    pub(crate) fn new(feed: &Feed, session: u64) -> Self {
        Self {
            random: Rng::with_seed(feed.seed),
            feed: feed.clone(),
            session,
            next: 1,
            last: None,
            prices: [BEGIN; SYMBOLS],
            sent: Sent::default(),
        }
    }

    /// What was written so far.
    pub(crate) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    /// Writes the next datagram; how long it is. The first one is a quote.
    pub(crate) fn write(&mut self, buffer: &mut [u8; LONGEST]) -> usize {
        self.sent.datagrams += 1;
        let roll = self.random.u32(0..1_000_000);
        let duplicates = self.feed.duplicates;
        let malformed = duplicates + self.feed.malformed;
        let gaps = malformed + self.feed.gaps;
        match self.last {
            Some(last) if roll < duplicates => {
                self.sent.duplicates += 1;
                put(buffer, &last)
            }
            Some(last) if roll < malformed => {
                self.sent.malformed += 1;
                self.write_malformed(buffer, last)
            }
            Some(_) if roll < gaps => {
                let skipped = self.random.u64(1..=5);
                self.sent.gaps += 1;
                self.sent.skipped += skipped;
                self.next += skipped;
                self.write_quote(buffer)
            }
            _ => self.write_quote(buffer),
        }
    }

    /// Writes the end of the session; how long it is.
    pub(crate) fn write_end(&mut self, buffer: &mut [u8; LONGEST]) -> usize {
        self.sent.datagrams += 1;
        self.sent.ends += 1;
        put(buffer, &Datagram::end(self.session, self.next))
    }

    fn write_quote(&mut self, buffer: &mut [u8; LONGEST]) -> usize {
        let symbol = self.random.usize(0..SYMBOLS);
        let jumps = self.random.u32(0..1_000_000) < self.feed.jumps;
        let step = match (jumps, self.random.bool()) {
            (true, true) => JUMP,
            (true, false) => -JUMP,
            (false, _) => self.random.i64(-1..=1),
        };
        let middle = (self.prices[symbol] + step).max(LEAST);
        self.prices[symbol] = middle;
        let prices = Prices {
            symbol: symbol as u32,
            quantity: self.random.u32(1..=100),
            bid: middle - 1,
            ask: middle + 1,
        };
        let quote = Datagram::quote(self.session, self.next, &prices);
        self.sent.quotes += 1;
        self.next += 1;
        self.last = Some(quote);
        put(buffer, &quote)
    }

    /// Something that differs from a quote in one way.
    fn write_malformed(&mut self, buffer: &mut [u8; LONGEST], mut quote: Datagram) -> usize {
        match self.random.u32(0..6) {
            0 => quote.magic = !quote.magic,
            1 => quote.version = !quote.version,
            2 => quote.symbol = u32::MAX,
            3 => (quote.bid, quote.ask) = (quote.ask, quote.bid),
            4 => {
                put(buffer, &quote);
                return self.random.usize(0..DATAGRAM);
            }
            _ => {
                put(buffer, &quote);
                return self.random.usize(DATAGRAM + 1..=LONGEST);
            }
        }
        put(buffer, &quote)
    }
}

fn put(buffer: &mut [u8; LONGEST], datagram: &Datagram) -> usize {
    buffer[..DATAGRAM].copy_from_slice(bytemuck::bytes_of(datagram));
    DATAGRAM
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Tracker;

    const COUNT: u64 = 20_000;

    fn feed() -> Feed {
        Feed {
            rate: 1,
            burst: 1,
            gaps: 50_000,
            duplicates: 50_000,
            malformed: 50_000,
            jumps: 30_000,
            seed: 3,
        }
    }

    /// All that such a sender writes, the end included.
    fn written() -> (Vec<Vec<u8>>, Sent) {
        let mut script = Script::new(&feed(), 7);
        let mut buffer = [0; LONGEST];
        let mut all = Vec::new();
        for _ in 0..COUNT {
            let length = script.write(&mut buffer);
            all.push(buffer[..length].to_vec());
        }
        let length = script.write_end(&mut buffer);
        all.push(buffer[..length].to_vec());
        (all, script.sent())
    }

    #[test]
    fn the_same_seed_says_the_same() {
        assert_eq!(written(), written());
    }

    #[test]
    fn what_a_reader_finds_is_what_the_script_says_it_wrote() {
        let (all, sent) = written();
        let mut tracker = Tracker::new();
        let mut malformed = 0;
        for bytes in &all {
            let mut aligned = [0_u64; LONGEST / 8];
            let place = bytemuck::cast_slice_mut(&mut aligned);
            place[..bytes.len()].copy_from_slice(bytes);
            match Datagram::view(&place[..bytes.len()]) {
                Ok(end) if end.is_end() => tracker.end(end.session(), end.sequence()),
                Ok(quote) => {
                    tracker.quote(quote.session(), quote.sequence());
                }
                Err(_) => malformed += 1,
            }
        }
        let found = tracker.found();
        assert_eq!(sent.datagrams, COUNT + 1);
        assert!(sent.gaps > 500 && sent.duplicates > 500 && sent.malformed > 500);
        assert_eq!(malformed, sent.malformed);
        assert_eq!(found.accepted, sent.quotes);
        assert_eq!((found.gaps, found.missing), (sent.gaps, sent.skipped));
        assert_eq!((found.duplicates, found.late), (sent.duplicates, 0));
    }
}
