//! What the endpoint bills, learned from its replies and kept in the store for later runs
//! and plans: by the `detail` that is sent.

use super::page_loop::Context;
use crate::catalog::{Calibration, Detail, Fit};
use crate::manifest::Job;
use crate::pipeline::control::keys::endpoint_key;
use crate::provider::{Charge, Exchange, PageRequest, Verdict};
use crate::store::{EndpointFact, StoreError};
use std::collections::BTreeMap;

type Calibrations = BTreeMap<String, Calibration>;

/// What is kept of the endpoint for the job's `detail`.
pub(crate) fn of(stored: Option<&str>, job: &Job) -> Calibration {
    at(stored, job.image.detail)
}

/// What is kept of the endpoint for a `detail`.
pub(crate) fn at(stored: Option<&str>, detail: Detail) -> Calibration {
    all(stored).remove(detail.name()).unwrap_or_default()
}

fn all(stored: Option<&str>) -> Calibrations {
    stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// As the store keeps it: `stored`, with what was learned at the job's `detail`.
fn with(stored: Option<&str>, job: &Job, calibration: Calibration) -> String {
    let mut all = all(stored);
    all.insert(job.image.detail.name().to_owned(), calibration);
    serde_json::to_string(&all).unwrap_or_default()
}

impl Context<'_> {
    /// Compares a bill with the estimate. Only a page's first question tells of its image:
    /// what is asked again carries the last reply.
    pub(crate) async fn calibrate(
        &self,
        size: (u32, u32),
        wanted: &PageRequest,
        exchange: &Exchange,
    ) -> Result<(), StoreError> {
        let Charge::Reported(usage) = exchange.charge else { return Ok(()) };
        // A filter's or an error's bill tells nothing of the image.
        if wanted.repair.is_some() || usage.input == 0 || !matches!(exchange.verdict, Verdict::Done { .. }) {
            return Ok(());
        }
        let is_valid = matches!(&exchange.verdict, Verdict::Done { reading, .. } if reading.iter().all(Result::is_ok));
        let before = self.endpoint.fit();
        let Some(calibration) = self.endpoint.learn_bill(wanted, size, usage, is_valid) else { return Ok(()) };
        let after = self.endpoint.fit();
        if after.differs() && !before.differs() {
            say(self.job, &after, size);
        }
        self.keep(calibration).await
    }

    /// At the end of a run: keeps what its later replies told too.
    pub(crate) async fn keep_what_was_learned(&self) -> Result<(), StoreError> {
        let calibration = self.endpoint.calibration();
        if calibration == of(self.calibrations.as_deref(), self.job) { Ok(()) } else { self.keep(calibration).await }
    }

    async fn keep(&self, calibration: Calibration) -> Result<(), StoreError> {
        let text = with(self.calibrations.as_deref(), self.job, calibration);
        self.store.remember(endpoint_key(self.job), EndpointFact::Calibration(text)).await
    }
}

fn say(job: &Job, fit: &Fit, (width, height): (u32, u32)) {
    let rule = job.image.rule;
    let documented = rule.tokens(width, height, job.image.detail).unwrap_or(0);
    tracing::warn!(
        "the endpoint bills images otherwise than documented: {} tokens for {width} x {height}, and {rule} says {documented}; it seems to be {fit} ({}). Budget, limits and plans go by what it bills",
        fit.tokens(width, height).unwrap_or(0),
        fit.basis(),
    );
}
