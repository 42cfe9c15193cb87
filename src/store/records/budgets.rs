//! Budgets: what each counts, and how much of it is spent.

use crate::base::ids::RunId;
use crate::base::money::Pico;
use std::fmt;

/// What a budget counts: the spend under a name, in a period. Jobs with the same name share it,
/// for any input and endpoint.
///
/// It is written as `day:2026-11-23/paid/nightly`, `job/paid/nightly` or
/// `run:20261123T131805-3f9a1c/simulated/nightly`. The name comes last because it may contain any
/// character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetCounter {
    /// When it is counted.
    pub period: BudgetPeriod,
    /// Whether it counts what the built-in simulator bills. That is not money.
    pub is_simulated: bool,
    /// `limits.budget_name`, by default the name of the job.
    pub name: String,
}

/// When a budget is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetPeriod {
    /// During one run.
    Run(RunId),
    /// On one UTC day, such as `2026-11-23`.
    Day(String),
    /// Always.
    Job,
}

/// A budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetRecord {
    /// What it counts, as a [`BudgetCounter`] is written.
    pub scope: String,
    /// The spend.
    pub spent: Pico,
    /// Reservations of attempts that have not ended.
    pub reserved: Pico,
}

impl fmt::Display for BudgetCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.period {
            BudgetPeriod::Run(run) => write!(f, "run:{run}")?,
            BudgetPeriod::Day(day) => write!(f, "day:{day}")?,
            BudgetPeriod::Job => f.write_str("job")?,
        }
        write!(f, "/{}/{}", if self.is_simulated { "simulated" } else { "paid" }, self.name)
    }
}

impl BudgetCounter {
    /// The scope that is written like this; `None`: a scope that no job has, such as one that a
    /// salvage has invented.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let period = match parts.next()?.split_once(':') {
            Some(("run", run)) => BudgetPeriod::Run(RunId::new(run)),
            Some(("day", day)) => BudgetPeriod::Day(day.to_owned()),
            None if text.starts_with("job/") => BudgetPeriod::Job,
            _ => return None,
        };
        let is_simulated = match parts.next()? {
            "paid" => false,
            "simulated" => true,
            _ => return None,
        };
        Some(Self { period, is_simulated, name: parts.next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        for (period, is_simulated, name, text) in [
            (BudgetPeriod::Job, false, "nightly", "job/paid/nightly"),
            (BudgetPeriod::Day("2026-11-23".into()), false, "a/b: c", "day:2026-11-23/paid/a/b: c"),
            (
                BudgetPeriod::Run(RunId::new("20261123T131805-3f9a1c")),
                true,
                "x",
                "run:20261123T131805-3f9a1c/simulated/x",
            ),
        ] {
            let scope = BudgetCounter { period, is_simulated, name: name.into() };
            assert_eq!(scope.to_string(), text);
            assert_eq!(BudgetCounter::parse(text), Some(scope), "{text}");
        }
        for text in ["", "salvaged-3", "job", "job/paid", "week:3/paid/x", "day:2026-11-23/free/x"] {
            assert_eq!(BudgetCounter::parse(text), None, "{text}");
        }
    }
}
