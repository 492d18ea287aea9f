//! The callback neither allocates nor frees.

#[path = "../../tests/allocator/counting.rs"]
mod counting;

use counting::{counted, watch};

use crate::rack::{MOST_SAMPLES, Rack, Settings};

#[test]
fn the_callback_neither_allocates_nor_frees() {
    let settings = Settings {
        rate: 48_000,
        channels: 2,
        gain_decibels: 12.0,
        cutoff: 2_000.0,
        delay_frames: 1_000,
    };
    let mut rack = Rack::new(&settings).unwrap();
    let input = [0.8; MOST_SAMPLES];
    let mut output = [0.0; MOST_SAMPLES];
    let before = counted();
    watch(true);
    let mut came_through = 0;
    for _ in 0..500 {
        came_through += u32::from(rack.process(&input, &mut output).is_ok());
        let levels = rack.levels();
        came_through += u32::from(levels.is_some_and(|levels| levels.limited > 0));
    }
    let bite = counted();
    drop(std::hint::black_box(Box::new(came_through)));
    watch(false);
    let after = counted();
    assert_eq!(bite, before, "allocations and frees");
    assert_eq!(
        (after.0 - bite.0, after.1 - bite.1),
        (1, 1),
        "the check bites"
    );
    assert_eq!(came_through, 1_000);
    assert!(rack.close().is_balanced());
}
