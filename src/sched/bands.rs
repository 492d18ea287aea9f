//! How the bands share a worker: weights, and the slot table made of them.

use crate::band::Band;

/// The longest slot table: the sum of the weights at most.
const MAX_SLOTS: usize = 64;

/// How many of every so many activations each band gets while all bands have
/// something ready. The default is 4:2:1.
///
/// ```
/// use tidegate::Band;
/// use tidegate::sched::Weights;
///
/// let weights = Weights::new(8, 2, 1)?;
/// assert_eq!(weights.of(Band::Control), 8);
/// assert!(Weights::new(1, 1, 0).is_err()); // that would starve a band
/// # Ok::<(), tidegate::sched::WeightsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    control: u8,
    high: u8,
    normal: u8,
}

/// Weights that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "weights {control}:{high}:{normal} cannot be used; \
     give each band at least 1, and 64 at most in total"
)]
pub struct WeightsError {
    control: u8,
    high: u8,
    normal: u8,
}

impl Weights {
    /// Weights for Control, High and Normal.
    ///
    /// # Errors
    /// [`WeightsError`] when one of them is 0 or their sum is above 64.
    pub const fn new(control: u8, high: u8, normal: u8) -> Result<Self, WeightsError> {
        let sum = control as usize + high as usize + normal as usize;
        if control == 0 || high == 0 || normal == 0 || sum > MAX_SLOTS {
            return Err(WeightsError {
                control,
                high,
                normal,
            });
        }
        Ok(Self {
            control,
            high,
            normal,
        })
    }

    /// The weight of `band`.
    #[must_use]
    pub const fn of(&self, band: Band) -> u8 {
        match band {
            Band::Control => self.control,
            Band::High => self.high,
            Band::Normal => self.normal,
        }
    }

    /// The sum of the weights: after how many activations the pattern repeats.
    #[must_use]
    pub const fn period(&self) -> usize {
        self.control as usize + self.high as usize + self.normal as usize
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            control: 4,
            high: 2,
            normal: 1,
        }
    }
}

/// The order in which slots are offered to the bands, repeated for ever.
///
/// Made by smooth weighted round-robin (as in nginx's load balancer): each
/// step every band gains its weight, the richest takes the slot and pays the
/// period. The slots of a band are thereby spread evenly: 4:2:1 becomes
/// C H C N C H C.
#[derive(Clone, Debug)]
pub(crate) struct SlotTable {
    slots: [Band; MAX_SLOTS],
    weights: Weights,
    period: usize,
    next: usize,
}

impl SlotTable {
    pub(crate) fn new(weights: Weights) -> Self {
        let period = weights.period();
        let mut slots = [Band::Normal; MAX_SLOTS];
        let mut gained = [0_i32; 3];
        for slot in &mut slots[..period] {
            let mut richest = Band::Control;
            for band in Band::ALL {
                gained[band.index()] += i32::from(weights.of(band));
                if gained[band.index()] > gained[richest.index()] {
                    richest = band;
                }
            }
            gained[richest.index()] -= period as i32;
            *slot = richest;
        }
        Self {
            slots,
            weights,
            period,
            next: 0,
        }
    }

    pub(crate) const fn weights(&self) -> Weights {
        self.weights
    }

    #[cfg(test)]
    pub(super) const fn position(&self) -> usize {
        self.next
    }

    /// The band whose turn it is; moves on to the next slot.
    #[inline]
    pub(crate) fn advance(&mut self) -> Band {
        let band = self.slots[self.next % MAX_SLOTS]; // the period is not longer
        self.next += 1;
        if self.next >= self.period {
            self.next = 0;
        }
        band
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period_of(weights: Weights) -> Vec<Band> {
        let mut table = SlotTable::new(weights);
        (0..weights.period()).map(|_| table.advance()).collect()
    }

    #[test]
    fn default_weights_give_the_documented_pattern() {
        use Band::{Control as C, High as H, Normal as N};
        assert_eq!(period_of(Weights::default()), [C, H, C, N, C, H, C]);
    }

    #[test]
    fn every_band_gets_exactly_its_weight_in_a_period_for_all_small_weights() {
        let most = if cfg!(miri) { 2 } else { 8 };
        for control in 1..=most {
            for high in 1..=most {
                for normal in 1..=most {
                    let weights = Weights::new(control, high, normal).unwrap();
                    let slots = period_of(weights);
                    for band in Band::ALL {
                        let got = slots.iter().filter(|&&slot| slot == band).count();
                        assert_eq!(got, usize::from(weights.of(band)), "{weights:?} {band}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_pattern_repeats_after_a_period() {
        let weights = Weights::new(3, 1, 2).unwrap();
        let mut table = SlotTable::new(weights);
        let first: Vec<_> = (0..6).map(|_| table.advance()).collect();
        let second: Vec<_> = (0..6).map(|_| table.advance()).collect();
        assert_eq!(first, second);
    }

    #[test]
    fn zero_and_oversized_weights_are_refused_by_name() {
        assert!(Weights::new(0, 1, 1).is_err());
        assert!(Weights::new(1, 0, 1).is_err());
        assert!(Weights::new(1, 1, 0).is_err());
        assert!(Weights::new(62, 1, 1).is_ok());
        let error = Weights::new(63, 1, 1).unwrap_err();
        assert!(error.to_string().contains("63:1:1"), "{error}");
    }
}
