//! Stacks that are in memory before they are needed.

use core::hint::black_box;

/// How much a call writes to at least; no page is smaller.
const STEP: usize = 4096;

/// What a thread uses of its stack beside what is touched for it: the frames
/// below those of a hook, and the last step.
const BESIDE: usize = 64 * 1024;

/// The standard library's own size.
const ORDINARY: usize = 2 * 1024 * 1024;

/// How large a stack must be to have so many bytes touched.
pub(crate) const fn stack_size_for(touched: usize) -> usize {
    let needed = touched.saturating_add(BESIDE);
    if needed > ORDINARY { needed } else { ORDINARY }
}

/// Writes to the next `bytes` of the calling thread's stack, so that later
/// calls find their pages in memory. The stack must be that large, see
/// [`stack_size_for`].
pub(crate) fn touch_stack(bytes: usize) {
    let here = black_box(0_u8);
    touch_below((&raw const here).addr().saturating_sub(bytes));
}

/// Goes down the stack, which grows towards lower addresses, until `end`.
#[inline(never)]
fn touch_below(end: usize) {
    let mut page = [0_u8; STEP];
    // Not known to the optimiser: neither left out nor shared among calls.
    let page = black_box(&mut page);
    if page.as_ptr().addr() > end {
        touch_below(end);
    }
    black_box(page);
}

#[cfg(all(test, not(any(tidegate_loom, tidegate_shuttle))))]
mod tests {
    use super::*;
    use crate::sync::thread::Builder;

    #[test]
    #[cfg_attr(miri, ignore = "stacks are not memory there")]
    fn a_stack_of_the_size_it_asks_for_can_be_touched() {
        for bytes in [0, 1, 100_000, 8 << 20] {
            let thread = Builder::new()
                .stack_size(stack_size_for(bytes))
                .spawn(move || touch_stack(bytes));
            thread.unwrap().join().unwrap();
        }
    }
}
