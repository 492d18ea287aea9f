//! Edges without operating system, heap or threads: an interrupt hands samples
//! to a main loop, which keeps a running total for a slower reader.
//!
//! For a bare-metal target this is a program of its own, which `ci/no-std.sh`
//! links. On a host it calls the interrupt itself and prints the books:
//!
//! ```sh
//! cargo run --example bare_metal
//! ```
#![cfg_attr(target_os = "none", no_std, no_main)]

use tidegate::edge::{Consumer, EdgeError, Ledger, Policy, Producer, StaticRing};

/// How many samples there are in all.
const SAMPLES: u16 = 1_000;

/// From the interrupt to the main loop. Nothing can wait in an interrupt: what
/// finds the edge full is dropped, and counted.
static SAMPLED: StaticRing<u16, 16> = StaticRing::new();

/// From the main loop to the reader, who gets one number for all that came since
/// it last looked.
static TOTALS: StaticRing<u64, 1> = StaticRing::new();

/// What the interrupt owns.
struct Interrupt {
    samples: Producer<u16>,
    next: u16,
}

impl Interrupt {
    /// A sample is there.
    fn fire(&mut self) {
        // Dropped or stored, the ledger knows.
        let _ = self.samples.send(self.next);
        self.next += 1;
    }
}

/// What the main loop owns.
struct MainLoop {
    samples: Consumer<u16>,
    totals: Producer<u64>,
}

impl MainLoop {
    /// Works off what is there.
    fn turn(&mut self) {
        for sample in self.samples.drain(8) {
            // A Coalesce edge takes every message: it merges.
            let _ = self.totals.send(u64::from(sample));
        }
    }
}

/// Runs until all samples were taken; the books of both edges.
fn run() -> Result<(u64, [Ledger; 2]), EdgeError> {
    let (samples, sampled) = SAMPLED.split(12, Policy::Drop)?;
    let add = Policy::coalesce(|total: &mut u64, sample| *total += sample);
    let (totals, mut reader) = TOTALS.split(1, add)?;
    let books = [samples.monitor(), totals.monitor()];
    let mut interrupt = Interrupt { samples, next: 0 };
    let mut main_loop = MainLoop {
        samples: sampled,
        totals,
    };
    let mut total = 0;
    // Interrupts come faster than the main loop turns.
    while interrupt.next < SAMPLES {
        for _ in 0..10 {
            interrupt.fire();
        }
        main_loop.turn();
        if interrupt.next.is_multiple_of(100) {
            total += reader.recv().unwrap_or(0);
        }
    }
    Ok((total, books.map(|monitor| monitor.ledger())))
}

#[cfg(not(target_os = "none"))]
#[allow(clippy::print_stdout)] // the library never prints; this program does
fn main() -> Result<(), EdgeError> {
    let (total, [sampled, totals]) = run()?;
    println!("total of what the main loop took: {total}");
    println!("samples: {sampled}");
    println!("totals:  {totals}");
    Ok(())
}

#[cfg(target_os = "none")]
mod bare {
    /// Where the machine starts. (A stack is what a real program sets up first.)
    #[unsafe(no_mangle)]
    extern "C" fn _start() -> ! {
        let balanced = super::run().map(|(_, books)| books.map(|ledger| ledger.is_balanced()));
        core::hint::black_box(balanced).ok();
        halt()
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        halt()
    }

    fn halt() -> ! {
        loop {
            core::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_books_balance_and_say_what_was_dropped() {
        let (total, books) = super::run().unwrap();
        assert!(books.iter().all(|ledger| ledger.is_balanced()), "{books:?}");
        let [sampled, totals] = books;
        assert_eq!(sampled.sent, u64::from(super::SAMPLES));
        assert!(sampled.dropped > 100, "{sampled}");
        assert!(total > 0 && totals.coalesced > 0, "{totals}");
    }
}
