//! How much of a budget has to be free for attempts that are open at the same time.
//!
//! A reservation is the maximum expected cost of an attempt. A provider may still bill more, and it is known only when
//! the bill arrives. One such bill ends the run; but requests in flight at that moment are billed, too. So an attempt
//! joins others only while the budget would hold even if each of them cost a multiple of its reservation. An attempt
//! that is alone needs only its reservation. It follows that at most one bill ever exceeds the budget, as long as no
//! bill is above its multiple.

use crate::base::money::Pico;

/// The multiples of reservations that a budget has to hold for attempts that are open at the same time, in
/// percent; at least 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservationMultiples {
    /// For attempts that are sent on their own.
    pub single_percent: u32,
    /// For lines of batches.
    pub batch_percent: u32,
}

/// What a budget has spent and reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetUse {
    /// The spend.
    pub spent: Pico,
    /// Reservations of attempts that are sent on their own.
    pub single: Pico,
    /// Reservations of lines of batches.
    pub batch: Pico,
}

impl ReservationMultiples {
    /// Only the reservations count.
    pub const NONE: Self = Self { single_percent: 100, batch_percent: 100 };

    /// Whether a budget of `limit` holds the multiples of all attempts, if another one that is sent on its own
    /// reserves `reserved`.
    #[must_use]
    pub fn fits_beside(self, limit: Pico, now: BudgetUse, reserved: Pico) -> bool {
        let lines = multiple(now.batch, self.batch_percent);
        now.spent + multiple(now.single + reserved, self.single_percent) + lines <= limit
    }

    /// Whether a budget of `limit` holds another attempt that reserves `reserved`. `is_line`: whether it is
    /// a line of a batch.
    #[must_use]
    pub fn fits(self, limit: Pico, now: BudgetUse, reserved: Pico, is_line: bool) -> bool {
        if is_line {
            let with_line = BudgetUse { batch: now.batch + reserved, ..now };
            let is_alone = now.single + now.batch == Pico::ZERO;
            return self.fits_beside(limit, with_line, Pico::ZERO) || is_alone && now.spent + reserved <= limit;
        }
        // Alone, or the only one apart from the lines of batches, which take a day.
        let is_alone = now.single == Pico::ZERO;
        let lines = multiple(now.batch, self.batch_percent);
        self.fits_beside(limit, now, reserved) || is_alone && now.spent + lines + reserved <= limit
    }

    /// Whether a bill is above the multiple of its reservation. For requests that are sent on their own.
    #[must_use]
    pub fn is_exceeded(self, reserved: Pico, billed: Pico) -> bool {
        billed > multiple(reserved, self.single_percent)
    }
}

/// `percent` of an amount, rounded up.
fn multiple(amount: Pico, percent: u32) -> Pico {
    let product = (i128::from(amount.0) * i128::from(percent.max(100)) + 99) / 100;
    Pico(i64::try_from(product).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MULTIPLES: ReservationMultiples = ReservationMultiples { single_percent: 400, batch_percent: 200 };

    #[test]
    fn an_attempt_joins_others_only_where_all_may_cost_more() {
        let now = |spent, single, batch| BudgetUse { spent: Pico(spent), single: Pico(single), batch: Pico(batch) };
        for (now, reserved, is_line, fits) in [
            (now(0, 0, 0), 100, false, true),
            (now(0, 0, 0), 101, false, false),
            (now(0, 0, 0), 100, true, true),
            (now(20, 5, 0), 15, false, true),
            (now(21, 5, 0), 15, false, false),
            (now(95, 0, 0), 5, false, true),
            (now(95, 0, 0), 6, false, false),
            // Apart from lines of batches one attempt is alone.
            (now(0, 0, 40), 20, false, true),
            (now(0, 0, 40), 21, false, false),
            (now(0, 1, 40), 5, false, false),
            (now(0, 0, 40), 10, true, true),
            (now(0, 0, 40), 11, true, false),
            (now(50, 1, 0), 24, true, false),
        ] {
            assert_eq!(MULTIPLES.fits(Pico(100), now, Pico(reserved), is_line), fits, "{now:?} {reserved} {is_line}");
        }
        assert!(!MULTIPLES.fits(Pico(i64::MAX - 1), now(0, i64::MAX / 2, 0), Pico(1), false));
    }

    #[derive(Clone, Debug)]
    enum Step {
        /// An attempt: its reservation and whether it is a line.
        Open(i64, bool),
        /// The end of an open attempt: which one, and its bill in percent of the reservation.
        Settle(usize, u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            2 => (1_i64..400, any::<bool>()).prop_map(|(reserved, is_line)| Step::Open(reserved, is_line)),
            1 => (any::<usize>(), 0_u32..=400).prop_map(|(which, percent)| Step::Settle(which, percent)),
        ];
        prop::collection::vec(step, 1..60)
    }

    proptest! {
        /// For any opened attempts and any bills, as long as each bill is within its multiple: all bills but one are
        /// within the limit. That one is of an attempt that was alone.
        #[test]
        fn at_most_one_bill_is_above_the_limit(limit in 100_i64..20_000, steps in steps()) {
            let mut now = BudgetUse::default();
            let mut open: Vec<(i64, bool, bool)> = Vec::new();
            let mut largest_alone = Pico::ZERO;
            let mut settle = |now: &mut BudgetUse, (reserved, is_line, is_alone): (i64, bool, bool), percent: u32| {
                let multiple = if is_line { percent.min(MULTIPLES.batch_percent) } else { percent };
                let bill = Pico(reserved * i64::from(multiple) / 100);
                let part = if is_line { &mut now.batch } else { &mut now.single };
                *part = *part - Pico(reserved);
                now.spent += bill;
                if is_alone {
                    largest_alone = largest_alone.max(bill);
                }
            };
            for step in steps {
                match step {
                    Step::Open(reserved, is_line) => {
                        if MULTIPLES.fits(Pico(limit), now, Pico(reserved), is_line) {
                            let part = if is_line { &mut now.batch } else { &mut now.single };
                            *part += Pico(reserved);
                            let is_alone = !MULTIPLES.fits_beside(Pico(limit), now, Pico::ZERO);
                            open.push((reserved, is_line, is_alone));
                        }
                    }
                    Step::Settle(which, percent) if !open.is_empty() => {
                        let attempt = open.swap_remove(which % open.len());
                        settle(&mut now, attempt, percent);
                    }
                    Step::Settle(..) => {}
                }
            }
            for attempt in std::mem::take(&mut open) {
                settle(&mut now, attempt, 400);
            }
            prop_assert!(now.spent - largest_alone <= Pico(limit), "{now:?} {largest_alone}");
        }
    }
}
