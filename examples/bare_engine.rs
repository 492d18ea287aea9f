//! An engine without operating system or threads: an interrupt sends samples
//! through a door, and a main loop drives the graph behind it step by step.
//!
//! For a bare-metal target this is a program of its own, with an allocator that
//! never frees, which `ci/no-std.sh` links. On a host it calls the interrupt
//! itself and prints the report:
//!
//! ```sh
//! cargo run --example bare_engine
//! ```
#![cfg_attr(target_os = "none", no_std, no_main)]

extern crate alloc;

use alloc::boxed::Box;
use core::error::Error;
use core::time::Duration;

use tidegate::door::Entrance;
use tidegate::engine::{Engine, Report};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::builtin;
use tidegate::time::ManualClock;

/// How many samples there are in all.
const SAMPLES: u16 = 1_000;

/// What the interrupt owns.
struct Interrupt {
    samples: Entrance<u16>,
    next: u16,
}

impl Interrupt {
    /// A sample is there. Nothing can wait in an interrupt: what finds the edge
    /// full is dropped, and counted.
    fn fire(&mut self) {
        let _ = self.samples.try_send(self.next);
        self.next += 1;
    }
}

/// Runs until all samples came, and what became of them.
fn run() -> Result<Report, Box<dyn Error>> {
    let mut graph = Subgraph::new("controller");
    let mut level = 0;
    let smooth = builtin::map(move |sample: u16| {
        level = (3 * level + u32::from(sample)) / 4;
        level
    });
    let smooth = graph.add("smooth", smooth)?;
    // Where a register would be written to.
    let actuator = graph.add("actuator", builtin::sink(|_level: u32| {}))?;
    graph.connect(
        smooth.output(|n| &n.output),
        actuator.input(|n| &n.input),
        Edge::latest(1),
    )?;
    graph.expose_input("samples", smooth.input(|n| &n.input))?;

    // The time of a machine's own timer would be another `Clock`.
    let clock = ManualClock::new();
    let mut engine = Engine::builder(graph)
        .entrance("samples", Edge::drop_newest(12))
        .clock(clock.clone())
        .stepping()?;
    let mut interrupt = Interrupt {
        samples: engine.take_entrance("samples")?,
        next: 0,
    };
    // Interrupts come faster than the main loop turns.
    while interrupt.next < SAMPLES {
        for _ in 0..20 {
            interrupt.fire();
            clock.advance(Duration::from_micros(10));
        }
        engine.run_until_idle(100);
    }
    Ok(engine.shutdown(100))
}

#[cfg(not(target_os = "none"))]
#[allow(clippy::print_stdout)] // the library never prints; this program does
fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", run()?);
    Ok(())
}

#[cfg(target_os = "none")]
mod bare {
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::UnsafeCell;
    use core::ptr::null_mut;
    use core::sync::atomic::{AtomicUsize, Ordering};

    /// How much memory there is.
    const BYTES: usize = 1 << 20;

    /// Hands out one piece of its memory after the other, and takes none back:
    /// an engine allocates while it is built.
    #[repr(align(4096))]
    struct Arena {
        memory: UnsafeCell<[u8; BYTES]>,
        used: AtomicUsize,
    }

    // SAFETY: each piece of the memory is given to one caller.
    unsafe impl Sync for Arena {}

    // SAFETY: a piece begins at a multiple of its alignment, lies in the arena,
    // and overlaps no other one: `used` only grows.
    unsafe impl GlobalAlloc for Arena {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let mut at = 0;
            let end = |used: usize| {
                at = used.checked_next_multiple_of(layout.align())?;
                let end = at.checked_add(layout.size())?;
                (end <= BYTES && layout.align() <= 4096).then_some(end)
            };
            // Relaxed: the pieces are distinct, which any read-modify-write gives.
            let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
            match self.used.fetch_update(set, fetch, end) {
                // SAFETY: `at` is in the arena.
                Ok(_) => unsafe { self.memory.get().cast::<u8>().add(at) },
                Err(_) => null_mut(),
            }
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[global_allocator]
    static ARENA: Arena = Arena {
        memory: UnsafeCell::new([0; BYTES]),
        used: AtomicUsize::new(0),
    };

    /// Where the machine starts. (A stack is what a real program sets up first.)
    #[unsafe(no_mangle)]
    extern "C" fn _start() -> ! {
        let balanced = super::run().map(|report| report.is_balanced());
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
    fn the_report_balances_and_says_what_was_dropped() {
        let report = super::run().unwrap();
        assert!(report.is_balanced() && report.drained, "{report}");
        let samples = &report.edge(">samples->smooth:in").unwrap().ledger;
        let all = u64::from(super::SAMPLES);
        assert_eq!(samples.sent, all);
        assert_eq!(samples.delivered + samples.dropped, all);
        assert_eq!(samples.dropped, 8 * all / 20, "{samples}");
        let levels = &report.edge("smooth:out->actuator:in").unwrap().ledger;
        assert!(levels.evicted > 0 && levels.delivered > 0, "{levels}");
    }
}
