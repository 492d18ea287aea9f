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
    let end = (&raw const here).addr().saturating_sub(bytes);
    touch_below(end, bytes.div_ceil(STEP));
}

/// Goes down the stack, which grows towards lower addresses, until `end`, in
/// `steps` at most: each takes a step's bytes or more. They are counted because
/// of sanitizers that keep locals elsewhere, where addresses say nothing.
#[inline(never)]
fn touch_below(end: usize, steps: usize) {
    let mut page = [0_u8; STEP];
    // Not known to the optimiser: neither left out nor shared among calls.
    let page = black_box(&mut page);
    if page.as_ptr().addr() > end && steps > 0 {
        touch_below(end, steps - 1);
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
