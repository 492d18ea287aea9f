//! Sound in memory, from and to WAV files.

use std::error::Error;
use std::f32::consts::TAU;
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::dsp::CHANNELS;

/// Interleaved samples, from −1 to 1.
pub(crate) struct Sound {
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    pub(crate) samples: Vec<f32>,
}

impl Sound {
    /// Reads a WAV file of whole numbers or 32-bit floating-point ones.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut reader = WavReader::open(path)?;
        let spec = reader.spec();
        let channels = usize::from(spec.channels);
        if !(1..=CHANNELS).contains(&channels) {
            return Err(format!("{channels} channels; 1 or {CHANNELS} are understood").into());
        }
        let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
            SampleFormat::Float => reader.samples::<f32>().collect(),
            SampleFormat::Int => {
                let full = (1_u64 << (spec.bits_per_sample - 1)) as f32;
                let scaled = |sample: Result<i32, _>| sample.map(|s| s as f32 / full);
                reader.samples::<i32>().map(scaled).collect()
            }
        };
        Ok(Self {
            rate: spec.sample_rate,
            channels,
            samples: samples?,
        })
    }

    /// A tone that rises from low to high, on the left before the right.
    pub(crate) fn sweep(seconds: u32, rate: u32) -> Self {
        let frames = seconds * rate;
        let mut samples = Vec::with_capacity(frames as usize * CHANNELS);
        let mut angle = 0.0_f32;
        for frame in 0..frames {
            let done = frame as f32 / frames as f32;
            angle = (angle + TAU * 100.0 * 40_f32.powf(done) / rate as f32) % TAU;
            let loud = angle.sin() * 0.7;
            samples.extend([loud * (1.0 - done), loud * done]);
        }
        Self {
            rate,
            channels: CHANNELS,
            samples,
        }
    }

    /// Writes a WAV file of 32-bit floating-point numbers: exactly these.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(&self, path: &Path) -> hound::Result<()> {
        let spec = WavSpec {
            channels: self.channels as u16,
            sample_rate: self.rate,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let mut writer = WavWriter::create(path, spec)?;
        for &sample in &self.samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()
    }
}
