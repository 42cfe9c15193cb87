//! The budgets of a store.

use super::error::Error;
use crate::store::{BudgetCounter, BudgetPeriod, BudgetRecord, ReadStore};
use serde_json::{Value, json};
use std::path::Path;

/// A budget of a store: the spend under a name in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// `limits.budget_name`, by default the name of the job.
    pub name: String,
    /// `run`, `day` or `job`, as in `limits.budget_scope`.
    pub scope: &'static str,
    /// The id of the run or the date of the day; `None`: it counts always.
    pub period: Option<String>,
    /// Whether it counts what the built-in simulator bills. That is not money.
    pub is_simulated: bool,
    /// The spend, in US dollars as decimal text.
    pub spent_usd: String,
    /// The reservations for requests that have not ended, in US dollars as decimal text.
    pub reserved_usd: String,
}

impl Budget {
    /// The budget as JSON. `docmill report --budgets --format json` prints a list of them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name, "scope": self.scope, "period": self.period, "is_simulated": self.is_simulated,
            "spent_usd": self.spent_usd, "reserved_usd": self.reserved_usd,
        })
    }

    fn from_record(record: BudgetRecord) -> Self {
        let BudgetRecord { scope, spent, reserved } = record;
        let (spent_usd, reserved_usd) = (spent.to_string(), reserved.to_string());
        let Some(BudgetCounter { period, is_simulated, name }) = BudgetCounter::parse(&scope) else {
            // The name of a budget that a salvage restored is lost.
            return Self { name: scope, scope: "job", period: None, is_simulated: false, spent_usd, reserved_usd };
        };
        let (scope, period) = match period {
            BudgetPeriod::Run(run) => ("run", Some(run.to_string())),
            BudgetPeriod::Day(day) => ("day", Some(day)),
            BudgetPeriod::Job => ("job", None),
        };
        Self { name, scope, period, is_simulated, spent_usd, reserved_usd }
    }
}

/// All budgets of a store: by name, the newest first.
///
/// # Errors
/// When the store can't be read.
pub fn budgets_of_store(store: &Path) -> Result<Vec<Budget>, Error> {
    let records = ReadStore::open(store)?.reader()?.budgets()?;
    let mut budgets: Vec<Budget> = records.into_iter().map(Budget::from_record).collect();
    budgets.sort_by(|a, b| (&a.name, a.scope).cmp(&(&b.name, b.scope)).then(b.period.cmp(&a.period)));
    Ok(budgets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Pico;

    #[test]
    fn a_budget_shows_its_name_its_scope_and_its_period() {
        let budget = |scope: &str| {
            Budget::from_record(BudgetRecord { scope: scope.into(), spent: Pico(5_000_000), reserved: Pico::ZERO })
        };
        for (text, name, scope, period, is_simulated) in [
            ("day:2026-11-23/paid/nightly", "nightly", "day", Some("2026-11-23"), false),
            ("job/simulated/a/b", "a/b", "job", None, true),
            ("run:20261123T131805-3f9a1c/paid/x", "x", "run", Some("20261123T131805-3f9a1c"), false),
            ("salvaged-3", "salvaged-3", "job", None, false),
        ] {
            let shown = budget(text);
            let seen = (shown.name.as_str(), shown.scope, shown.period.as_deref(), shown.is_simulated);
            assert_eq!(seen, (name, scope, period, is_simulated), "{text}");
            assert_eq!((shown.spent_usd.as_str(), shown.reserved_usd.as_str()), ("0.000005", "0"), "{text}");
        }
    }
}
