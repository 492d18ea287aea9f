//! What goes over the wires: datagrams in, orders and receipts out.
//!
//! All numbers are little-endian, and every type is plain bytes: a datagram is
//! read where the kernel put it.

use bytemuck::{Pod, Zeroable};

/// How many symbols there are, numbered from 0.
pub(crate) const SYMBOLS: usize = 8;

const MAGIC: u32 = u32::from_le_bytes(*b"TGMD");
const VERSION: u16 = 1;
const QUOTE: u16 = 1;
const END: u16 = 2;

/// One datagram of the feed: a quote, or the end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Datagram {
    pub(crate) magic: u32,
    pub(crate) version: u16,
    kind: u16,
    session: u64,
    sequence: u64,
    pub(crate) symbol: u32,
    quantity: u32,
    pub(crate) bid: i64,
    pub(crate) ask: i64,
}

/// The bytes of a datagram.
pub(crate) const DATAGRAM: usize = size_of::<Datagram>();

/// The prices of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prices {
    /// Below [`SYMBOLS`].
    pub(crate) symbol: u32,
    pub(crate) quantity: u32,
    pub(crate) bid: i64,
    pub(crate) ask: i64,
}

/// Why a datagram was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Shorter or longer than every datagram is.
    Length,
    /// It does not begin with the magic number.
    Magic,
    /// Of a version or kind unknown here.
    Version,
    /// A symbol that is not traded.
    Symbol,
    /// The bid is above the ask, or one of them is not positive.
    Prices,
}

impl Datagram {
    /// The quote with this number in its session.
    pub(crate) const fn quote(session: u64, sequence: u64, prices: &Prices) -> Self {
        Self {
            magic: MAGIC.to_le(),
            version: VERSION.to_le(),
            kind: QUOTE.to_le(),
            session: session.to_le(),
            sequence: sequence.to_le(),
            symbol: prices.symbol.to_le(),
            quantity: prices.quantity.to_le(),
            bid: prices.bid.to_le(),
            ask: prices.ask.to_le(),
        }
    }

    /// The end of a session whose next number would have been `sequence`.
    pub(crate) const fn end(session: u64, sequence: u64) -> Self {
        let prices = Prices {
            symbol: 0,
            quantity: 0,
            bid: 1,
            ask: 1,
        };
        Self {
            kind: END.to_le(),
            ..Self::quote(session, sequence, &prices)
        }
    }

    /// Looks at received bytes, aligned to 8, as a datagram. Nothing is copied.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn view(bytes: &[u8]) -> Result<&Self, Malformed> {
        let datagram: &Self = bytemuck::try_from_bytes(bytes).map_err(|_| Malformed::Length)?;
        if u32::from_le(datagram.magic) != MAGIC {
            return Err(Malformed::Magic);
        }
        let kind = u16::from_le(datagram.kind);
        if u16::from_le(datagram.version) != VERSION || !(kind == QUOTE || kind == END) {
            return Err(Malformed::Version);
        }
        let prices = datagram.prices();
        if prices.symbol as usize >= SYMBOLS {
            return Err(Malformed::Symbol);
        }
        if prices.bid <= 0 || prices.bid > prices.ask {
            return Err(Malformed::Prices);
        }
        Ok(datagram)
    }

    /// Of which run of the sender it is; later runs have higher numbers.
    pub(crate) const fn session(&self) -> u64 {
        u64::from_le(self.session)
    }

    /// Its number in the session, from 1; of an end, the one that would have
    /// come next.
    pub(crate) const fn sequence(&self) -> u64 {
        u64::from_le(self.sequence)
    }

    /// Whether it is the end of a session.
    pub(crate) const fn is_end(&self) -> bool {
        u16::from_le(self.kind) == END
    }

    /// What it says.
    pub(crate) const fn prices(&self) -> Prices {
        Prices {
            symbol: u32::from_le(self.symbol),
            quantity: u32::from_le(self.quantity),
            bid: i64::from_le(self.bid),
            ask: i64::from_le(self.ask),
        }
    }
}

/// An order on its way out, as it goes over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct OrderFrame {
    id: u64,
    symbol: u32,
    side: u32,
    price: i64,
}

/// The bytes of an order.
pub(crate) const ORDER: usize = size_of::<OrderFrame>();

/// Which way to trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Buy,
    Sell,
}

impl OrderFrame {
    /// An order as bytes can carry it.
    pub(crate) const fn new(id: u64, symbol: u32, side: Side, price: i64) -> Self {
        let side: u32 = match side {
            Side::Buy => 1,
            Side::Sell => 2,
        };
        Self {
            id: id.to_le(),
            symbol: symbol.to_le(),
            side: side.to_le(),
            price: price.to_le(),
        }
    }

    /// The strategy's number for it; they rise.
    pub(crate) const fn id(&self) -> u64 {
        u64::from_le(self.id)
    }
}

/// The bytes of a receipt: how many orders of this connection arrived so far.
pub(crate) const RECEIPT: usize = size_of::<u64>();

#[cfg(test)]
mod tests {
    use super::*;

    const PRICES: Prices = Prices {
        symbol: 3,
        quantity: 10,
        bid: 99,
        ask: 101,
    };

    /// Received bytes are aligned; so are these.
    #[repr(C, align(8))]
    struct Aligned([u8; DATAGRAM + 8]);

    fn view(bytes: &[u8]) -> Result<Datagram, Malformed> {
        let mut aligned = Aligned([0; DATAGRAM + 8]);
        aligned.0[..bytes.len()].copy_from_slice(bytes);
        Datagram::view(&aligned.0[..bytes.len()]).copied()
    }

    #[test]
    fn a_quote_is_read_as_it_was_written() {
        let quote = Datagram::quote(7, 42, &PRICES);
        let read = view(bytemuck::bytes_of(&quote)).unwrap();
        assert_eq!((read.session(), read.sequence()), (7, 42));
        assert_eq!(read.prices(), PRICES);
        assert!(!read.is_end());
        let end = Datagram::end(7, 43);
        let read = view(bytemuck::bytes_of(&end)).unwrap();
        assert_eq!((read.session(), read.sequence()), (7, 43));
        assert!(read.is_end());
    }

    #[test]
    fn every_defect_has_its_reason() {
        let good = Datagram::quote(7, 42, &PRICES);
        let bytes = bytemuck::bytes_of(&good);
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(view(&[]), Err(Malformed::Length));
        assert_eq!(view(&bytes[1..]), Err(Malformed::Length));
        assert_eq!(view(&longer), Err(Malformed::Length));
        let with = |change: fn(&mut Datagram)| {
            let mut datagram = good;
            change(&mut datagram);
            view(bytemuck::bytes_of(&datagram))
        };
        assert_eq!(with(|d| d.magic ^= 1), Err(Malformed::Magic));
        assert_eq!(with(|d| d.version += 1), Err(Malformed::Version));
        assert_eq!(with(|d| d.kind = 9), Err(Malformed::Version));
        assert_eq!(with(|d| d.symbol = SYMBOLS as u32), Err(Malformed::Symbol));
        assert_eq!(with(|d| d.bid = d.ask + 1), Err(Malformed::Prices));
        assert_eq!(with(|d| d.bid = 0), Err(Malformed::Prices));
        assert!(with(|d| d.bid = d.ask).is_ok());
    }
}
