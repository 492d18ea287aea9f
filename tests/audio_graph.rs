//! The example `audio_graph`, run as a program: what it writes is what a plain
//! loop computes.

#[path = "common/example.rs"]
mod example;
#[path = "common/program.rs"]
mod program;
#[path = "common/seed.rs"]
mod seed;

use std::f32::consts::{FRAC_1_SQRT_2, TAU};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use program::Program;
use seed::Seed;
use serde_json::Value;

const RATE: u32 = 44_100;
const GAIN: f32 = 9.0;
const CUTOFF: f32 = 3_000.0;
const DELAY_MS: u32 = 20;

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| example::build("audio_graph"));

/// Sends the file through the program; its report.
fn run(input: &Path, output: &Path, more: &[&str]) -> Value {
    let mut command = Command::new(&*PROGRAM);
    command.arg("--input").arg(input);
    command.arg("--output").arg(output);
    command.args([
        format!("--gain={GAIN}"),
        format!("--cutoff={CUTOFF}"),
        format!("--delay={DELAY_MS}"),
        "--json".to_owned(),
    ]);
    Program::start(command.args(more)).report()
}

/// Some noise, and a few moments that are much too loud.
fn noise(samples: usize) -> Vec<i16> {
    let mut random = Seed::new();
    let sample = |n: usize| {
        let loud: u16 = if n % 5_000 < 200 { 30_000 } else { 6_000 };
        let above_lowest = random.in_range(0..2 * u64::from(loud) + 1);
        (above_lowest as i32 - i32::from(loud)) as i16
    };
    (0..samples).map(sample).collect()
}

fn write(path: &Path, channels: u16, samples: &[i16]) {
    let spec = WavSpec {
        channels,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

fn read(path: &Path, channels: u16) -> Vec<f32> {
    let mut reader = WavReader::open(path).unwrap();
    assert_eq!(reader.spec().channels, channels);
    assert_eq!(reader.spec().sample_rate, RATE);
    reader.samples().map(Result::unwrap).collect()
}

/// The whole chain for a whole file: no blocks, no graph.
fn reference(samples: &[i16], channels: usize) -> Vec<f32> {
    let gain = 10_f32.powf(GAIN / 20.0);
    let angle = TAU * CUTOFF / RATE as f32;
    let alpha = angle.sin() * FRAC_1_SQRT_2;
    let a0 = 1.0 + alpha;
    let (a1, a2) = (-2.0 * angle.cos() / a0, (1.0 - alpha) / a0);
    let b1 = (1.0 - angle.cos()) / a0;
    let b0 = b1 / 2.0;
    let delay = (DELAY_MS * RATE / 1_000) as usize * channels;

    let mut filter = vec![(0.0, 0.0); channels];
    let mut echoed: Vec<f32> = Vec::new();
    for (n, &sample) in samples.iter().enumerate() {
        let x = f32::from(sample) / 32_768.0 * gain;
        let (s1, s2) = filter[n % channels];
        let y = b0 * x + s1;
        filter[n % channels] = (b1 * x - a1 * y + s2, b0 * x - a2 * y);
        let echo = n.checked_sub(delay).map_or(0.0, |before| echoed[before]);
        echoed.push(y + echo * 0.4);
    }

    let mut factor = 1.0;
    let mut limited = Vec::new();
    for frame in echoed.chunks(channels) {
        let loudest = frame.iter().fold(0.0_f32, |most, s| most.max(s.abs()));
        factor += (1.0 - factor) * 0.001;
        if loudest * factor > 0.9 {
            factor = 0.9 / loudest;
        }
        limited.extend(frame.iter().map(|s| s * factor));
    }
    limited
}

#[track_caller]
fn assert_report(report: &Value, callbacks: usize) {
    assert_eq!(report["balanced"], true, "{report}");
    assert_eq!(report["starved"], 0, "{report}");
    assert_eq!(report["callbacks"], callbacks, "{report}");
    assert_eq!(report["callback_us"]["count"], callbacks, "{report}");
    for node in report["nodes"].as_array().unwrap() {
        assert_eq!(
            (&node["messages"], &node["faults"]),
            (&callbacks.into(), &0.into())
        );
    }
    // Every block went over every edge; the meter's keeps the newest.
    let edges = report["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 6, "{report}");
    for edge in edges {
        assert_eq!(edge["sent"], callbacks, "{edge}");
        assert_eq!(
            (&edge["dropped"], &edge["coalesced"]),
            (&0.into(), &0.into())
        );
    }
}

#[test]
fn what_comes_out_is_sample_for_sample_what_a_plain_loop_computes() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    for (channels, frames, block) in [(1_u16, 30_001, 64), (2, 20_000, 512), (2, 777, 1)] {
        let samples = noise(frames * usize::from(channels));
        write(&input, channels, &samples);
        let block_argument = format!("--block={block}");
        let report = run(&input, &output, &["--fast", &block_argument]);
        assert_report(&report, frames.div_ceil(block));
        let (heard, expected) = (
            read(&output, channels),
            reference(&samples, channels.into()),
        );
        assert_eq!(heard.len(), expected.len());
        let wrong = heard.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(wrong, None, "{channels} channels, blocks of {block}");
        let loudest = expected.iter().fold(0.0_f32, |most, s| most.max(s.abs()));
        assert!(loudest > 0.8, "{loudest}");
        let peak = report["peak"].as_f64().unwrap() as f32;
        assert_eq!(peak.to_bits(), loudest.to_bits(), "{report}");
    }
}

#[test]
fn paced_by_the_clock_it_computes_the_same_and_says_what_was_late() {
    const FRAMES: usize = 8_820;
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    let samples = noise(FRAMES);
    write(&input, 1, &samples);
    let report = run(&input, &output, &["--block=441"]);
    assert_report(&report, FRAMES / 441);
    assert_eq!(read(&output, 1), reference(&samples, 1));
    assert_eq!(report["deadline_us"], 10_000.0);
    assert_eq!(report["lateness_us"]["count"], FRAMES / 441);
    let missed = report["missed"].as_u64().unwrap();
    assert!(missed >= report["overruns"].as_u64().unwrap(), "{report}");
    assert!(missed <= (FRAMES / 441) as u64, "{report}");
}

#[test]
fn what_is_no_sound_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    std::fs::write(&input, b"not a sound").unwrap();
    let mut command = Command::new(&*PROGRAM);
    command
        .arg("--input")
        .arg(&input)
        .arg("--output")
        .arg(&output);
    let run = command.output().unwrap();
    assert!(!run.status.success());
    assert!(String::from_utf8_lossy(&run.stderr).contains("audio_graph: "));
    assert!(!output.exists());
    write(&input, 3, &noise(30));
    let run = command.output().unwrap();
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(errors.contains("3 channels"), "{errors}");
}
