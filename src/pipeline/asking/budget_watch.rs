//! How long a request that does not fit into the budget waits.

use crate::base::money::Pico;
use std::time::Duration;

/// The spend and the reservations of a budget that a request does not fit into, and since when they are unchanged.
#[derive(Debug, Default)]
pub(crate) struct BudgetWatch {
    unchanged: Option<(Pico, Pico, Duration)>,
}

impl BudgetWatch {
    /// Whether waiting is over: there are no reservations that could become free, or they have been unchanged for
    /// longer than `max_wait`. `now`: as the run's clock measures it.
    pub(crate) fn is_over(&mut self, spent: Pico, reserved: Pico, now: Duration, max_wait: Duration) -> bool {
        let since = match self.unchanged {
            Some((known_spent, known_reserved, since)) if (known_spent, known_reserved) == (spent, reserved) => since,
            _ => now,
        };
        self.unchanged = Some((spent, reserved, since));
        reserved == Pico::ZERO || now.saturating_sub(since) > max_wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_over_when_reservations_stay_the_same_or_there_are_none() {
        let mut watch = BudgetWatch::default();
        for (spent, reserved, now, expected) in [
            (1, 5, 0, false),
            (1, 5, 10, false),
            (2, 4, 11, false),
            (2, 4, 21, false),
            (2, 4, 22, true),
            (2, 5, 23, false),
            (7, 0, 24, true),
        ] {
            let (now, max_wait) = (Duration::from_secs(now), Duration::from_secs(10));
            assert_eq!(watch.is_over(Pico(spent), Pico(reserved), now, max_wait), expected, "{now:?}");
        }
    }
}
