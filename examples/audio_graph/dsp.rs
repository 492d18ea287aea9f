//! What the stages compute: plain arithmetic on interleaved samples.

use std::f32::consts::TAU;

/// At most so many channels.
pub(crate) const CHANNELS: usize = 2;

/// Changes samples in place. Called with whole frames: a sample of each channel
/// in turn.
pub(crate) trait Process: Send + 'static {
    /// # Real-time
    /// A bounded number of steps for each sample; allocates nothing.
    fn process(&mut self, samples: &mut [f32], channels: usize);
}

/// Multiplies.
pub(crate) struct Gain {
    factor: f32,
}

impl Gain {
    pub(crate) fn from_decibels(decibels: f32) -> Self {
        Self {
            factor: 10_f32.powf(decibels / 20.0),
        }
    }
}

impl Process for Gain {
    fn process(&mut self, samples: &mut [f32], _: usize) {
        for sample in samples {
            *sample *= self.factor;
        }
    }
}

/// A low-pass filter of second order with a quality of 1/√2: by the bilinear
/// transform, in the transposed direct form II.
pub(crate) struct LowPass {
    b0: f32,
    b1: f32,
    a1: f32,
    a2: f32,
    /// Two values for each channel.
    state: [[f32; 2]; CHANNELS],
}

impl LowPass {
    pub(crate) fn new(cutoff: f32, rate: f32) -> Self {
        let angle = TAU * cutoff / rate;
        let alpha = angle.sin() * std::f32::consts::FRAC_1_SQRT_2;
        let a0 = 1.0 + alpha;
        let b1 = (1.0 - angle.cos()) / a0;
        Self {
            b0: b1 / 2.0,
            b1,
            a1: -2.0 * angle.cos() / a0,
            a2: (1.0 - alpha) / a0,
            state: [[0.0; 2]; CHANNELS],
        }
    }
}

impl Process for LowPass {
    fn process(&mut self, samples: &mut [f32], channels: usize) {
        for frame in samples.chunks_exact_mut(channels) {
            for (sample, [first, second]) in frame.iter_mut().zip(&mut self.state) {
                let input = *sample;
                let output = self.b0 * input + *first;
                *first = self.b1 * input - self.a1 * output + *second;
                *second = self.b0 * input - self.a2 * output;
                *sample = output;
            }
        }
    }
}

/// An echo that comes again, softer each time.
pub(crate) struct Delay {
    /// The samples of the last so many frames, in a circle.
    line: Vec<f32>,
    position: usize,
    feedback: f32,
}

impl Delay {
    pub(crate) fn new(frames: usize, channels: usize, feedback: f32) -> Self {
        Self {
            line: vec![0.0; frames.max(1) * channels],
            position: 0,
            feedback,
        }
    }
}

impl Process for Delay {
    fn process(&mut self, samples: &mut [f32], _: usize) {
        for sample in samples {
            let place = &mut self.line[self.position];
            *sample += *place * self.feedback;
            *place = *sample;
            self.position += 1;
            if self.position == self.line.len() {
                self.position = 0;
            }
        }
    }
}

/// Keeps samples below a ceiling, and measures: it turns down at once, for all
/// channels alike, and comes back slowly.
pub(crate) struct Limiter {
    ceiling: f32,
    /// How much of the way back to 1 it goes with each frame.
    release: f32,
    factor: f32,
    /// The highest sample that came out.
    pub(crate) peak: f32,
    /// Frames that were turned down.
    pub(crate) limited: u64,
}

impl Limiter {
    pub(crate) const fn new(ceiling: f32, release: f32) -> Self {
        Self {
            ceiling,
            release,
            factor: 1.0,
            peak: 0.0,
            limited: 0,
        }
    }
}

impl Process for Limiter {
    fn process(&mut self, samples: &mut [f32], channels: usize) {
        for frame in samples.chunks_exact_mut(channels) {
            let loudest = frame.iter().fold(0.0_f32, |most, s| most.max(s.abs()));
            self.factor += (1.0 - self.factor) * self.release;
            if loudest * self.factor > self.ceiling {
                self.factor = self.ceiling / loudest;
                self.limited += 1;
            }
            for sample in frame {
                *sample *= self.factor;
                self.peak = self.peak.max(sample.abs());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_decibels_are_about_twice_as_much() {
        let mut samples = [1.0, -0.5];
        Gain::from_decibels(6.0).process(&mut samples, 1);
        assert!((samples[0] - 1.995).abs() < 0.001, "{samples:?}");
        assert_eq!(samples[1], -samples[0] / 2.0);
    }

    /// How loud a tone is after the filter, once it has settled.
    fn heard(frequency: f32) -> f32 {
        const RATE: f32 = 48_000.0;
        let tone = |n: u16| (TAU * frequency * f32::from(n) / RATE).sin();
        let mut samples: Vec<f32> = (0..4_800).map(tone).collect();
        LowPass::new(1_000.0, RATE).process(&mut samples, 1);
        let loudest = |most: f32, sample: &f32| most.max(sample.abs());
        samples[2_400..].iter().fold(0.0, loudest)
    }

    #[test]
    fn the_filter_lets_low_tones_pass_and_halves_the_power_at_the_cutoff() {
        assert!((heard(50.0) - 1.0).abs() < 0.01);
        assert!((heard(1_000.0) - 0.707).abs() < 0.01);
        assert!(heard(10_000.0) < 0.01);
    }

    #[test]
    fn each_channel_is_filtered_for_itself() {
        let mut both = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        let mut one = [1.0, 1.0, 1.0];
        LowPass::new(1_000.0, 48_000.0).process(&mut both, 2);
        LowPass::new(1_000.0, 48_000.0).process(&mut one, 1);
        assert_eq!(both, [one[0], 0.0, one[1], 0.0, one[2], 0.0]);
    }

    #[test]
    fn an_echo_comes_after_the_delay_and_again_softer() {
        let mut samples = [0.0; 12];
        samples[0] = 1.0; // the left one of two
        Delay::new(2, 2, 0.5).process(&mut samples, 2);
        let mut expected = [0.0; 12];
        (expected[0], expected[4], expected[8]) = (1.0, 0.5, 0.25);
        assert_eq!(samples, expected);
    }

    #[test]
    fn the_limiter_keeps_the_ceiling_and_then_lets_go() {
        let mut samples = [0.5, 2.0, 0.5, 0.5];
        let mut limiter = Limiter::new(1.0, 0.5);
        limiter.process(&mut samples, 1);
        assert_eq!(samples, [0.5, 1.0, 0.375, 0.4375]);
        assert_eq!((limiter.peak, limiter.limited), (1.0, 1));
    }
}
