//! What the fuzzers do, over pseudo-random bytes and the kept corpus: arbitrary
//! graphs never panic, and one that validates runs and shuts down with its
//! books balanced; addresses and names do what they say.

mod common;
#[path = "fuzz/harness/mod.rs"]
mod harness;

use std::fs;
use std::path::Path;

use common::Seed;
use harness::Outcome;

/// An input whose bytes are shown when a check of it fails.
struct Input(Vec<u8>);

impl Drop for Input {
    #[allow(clippy::print_stderr)] // for whoever reads the failed test
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input was {:02x?}", self.0);
        }
    }
}

/// Calls `target` with so many inputs.
fn for_random_inputs(count: usize, mut target: impl FnMut(&[u8])) {
    let mut seed = Seed::new();
    for _ in 0..count {
        let length = seed.in_range(0..700);
        let input = Input((0..length).map(|_| seed.next() as u8).collect());
        target(&input.0);
    }
}

/// Calls `target` with each input that is kept; how many there are.
fn for_corpus(name: &str, mut target: impl FnMut(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    files.sort();
    for file in &files {
        let input = Input(fs::read(file).expect("it can be read"));
        target(&input.0);
    }
    files.len()
}

#[test]
fn arbitrary_graphs_never_panic_and_sound_ones_run_and_balance() {
    let (mut invalid, mut ran, mut delivering, mut faulty) = (0, 0, 0, 0);
    for_random_inputs(3_000, |input| match harness::graph(input) {
        Outcome::Invalid => invalid += 1,
        Outcome::Unfit => {}
        Outcome::Ran { delivered, faults } => {
            ran += 1;
            delivering += u32::from(delivered > 20);
            faulty += u32::from(faults > 0);
        }
    });
    // Enough of each kind that the checks mean something.
    let kinds = [invalid, ran, delivering, faulty];
    assert!(kinds.iter().all(|&count| count > 100), "{kinds:?}");
}

#[test]
fn kept_graphs_still_do_what_they_were_kept_for() {
    let mut ran = 0;
    let files = for_corpus("graph", |input| {
        ran += u32::from(matches!(harness::graph(input), Outcome::Ran { .. }));
    });
    assert!(files > 0 && ran > 0, "{ran} of {files} ran");
}

#[test]
fn arbitrary_addresses_connect_exactly_what_they_name() {
    for_random_inputs(1_000, |input| {
        harness::names(input);
    });
    // Addresses as they are, or with one character changed.
    let addresses = [
        "source:out",
        "text:out",
        "tee:out0",
        "tee:in",
        "sink:in",
        "inner:filtered",
        "inner/filter:out",
        "deep:numbers",
        "deep/deepest/sink:in",
        "deep/deepest",
    ];
    let mut seed = Seed::new();
    let mut connected = 0;
    for _ in 0..5_000 {
        let mut line = |_| {
            let mut line = addresses[seed.in_range(0..addresses.len() as u64) as usize].to_owned();
            if seed.once_in(3) {
                let at = seed.in_range(0..line.len() as u64) as usize;
                let other = [":", "/", "0", "", " "][seed.in_range(0..5) as usize];
                line.replace_range(at..=at, other);
            }
            line + "\n"
        };
        let input = Input((0..2).map(&mut line).collect::<String>().into_bytes());
        connected += u32::from(harness::names(&input.0));
    }
    assert!(connected > 100, "only {connected} connected");
    let mut by_hand = 0;
    let files = for_corpus("names", |input| by_hand += u32::from(harness::names(input)));
    assert!(
        by_hand > 0 && files > by_hand as usize,
        "{by_hand} of {files} connect"
    );
}
