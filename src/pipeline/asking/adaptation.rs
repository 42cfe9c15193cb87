//! What follows from an attempt: what the endpoint accepts, what it bills, and whether the run can continue.

use super::attempt::{Attempt, SentRequest};
use super::charge::compared_costs;
use super::stage::Asking;
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::{Calibration, Fit};
use crate::manifest::Job;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::provider::{Capabilities, Charge, Exchange, FormChange, PageRequest, SentForm, Verdict};
use crate::store::{AttemptCharge, EndpointFact, StoreError};

/// Learns from a settled attempt. `form`: what it showed about the form of requests.
///
/// # Errors
/// When the store fails.
pub(crate) async fn adapt(
    asking: &Asking<'_>,
    attempt: &Attempt,
    exchange: &Exchange,
    charge: &AttemptCharge,
    form: FormChange,
) -> Result<(), StoreError> {
    let run = asking.run;
    if let Verdict::Stop(refusal) = &exchange.verdict {
        run.shutdown.request(RunOutcome::ProviderRefused(refusal.clone()));
    }
    if is_unexpected_bill(asking, attempt, charge) {
        run.shutdown.request(RunOutcome::UnexpectedBill { cost: charge.budget });
    }
    if let Some(capabilities) = form.stored() {
        store_form(asking, capabilities).await?;
    }
    for (billed, computed) in compared_costs(charge, attempt.before.price, expected_at_most(attempt, exchange)) {
        if let Some(calibration) = asking.endpoint.bills().learn_markup(billed, computed) {
            store_calibration(asking, calibration).await?;
        }
    }
    match &attempt.sent {
        Some(sent) => calibrate(asking, sent, &attempt.request, exchange).await,
        None => Ok(()),
    }
}

/// Whether a bill ends the run. With a budget, any that is above its reservation does. Without one, only the first of the
/// endpoint does, if it is far above: smaller differences are reported, and later runs have learned from it. A price of 0
/// allows no judgement, and an estimate is not a bill.
fn is_unexpected_bill(asking: &Asking<'_>, attempt: &Attempt, charge: &AttemptCharge) -> bool {
    let Some(reserved) = attempt.before.reserved else { return false };
    let is_first = asking.endpoint.bills().calibration().images() == 0;
    match asking.run.job.limits.budget {
        Some(_) => charge.budget > reserved,
        None => {
            is_first
                && !charge.is_estimated
                && reserved > Pico::ZERO
                && attempt.before.multiples.is_exceeded(reserved, charge.budget)
        }
    }
}

/// Upper bound of the tokens that this attempt was expected to use. `None`: another run made the estimate.
fn expected_at_most(attempt: &Attempt, exchange: &Exchange) -> Option<Usage> {
    attempt.sent.as_ref()?;
    let worst = attempt.before.estimate.worst;
    let input = match prompt_bill(&attempt.request, exchange) {
        Some(usage) => worst.input.max(usage.input),
        None => worst.input,
    };
    Some(Usage { input, cache_write: input, ..worst })
}

/// The usage that shows what the prompt costs. The bill of an error or of a content filter does not, and
/// repairs also carry the last reply.
fn prompt_bill(request: &PageRequest, exchange: &Exchange) -> Option<Usage> {
    match (exchange.charge, &exchange.verdict) {
        (Charge::Reported(usage), Verdict::Done { .. }) if request.repair.is_none() && usage.input > 0 => Some(usage),
        _ => None,
    }
}

/// Stores what the endpoint is assumed to accept.
///
/// # Errors
/// When the store fails.
pub(crate) async fn store_form(asking: &Asking<'_>, capabilities: Capabilities) -> Result<(), StoreError> {
    let fact = EndpointFact::Capabilities { learned: capabilities.to_json(), merge: Capabilities::merged };
    asking.run.store.remember_endpoint(asking.endpoint.id().to_owned(), fact).await
}

/// Applies at once what an exchange shows about the form of requests, so that requests which are not
/// yet sent have the right one. `sent`: the form of its request; `may_try`: whether another form may be tried at once.
pub(crate) fn learn_form(asking: &Asking<'_>, exchange: &Exchange, sent: SentForm, may_try: bool) -> FormChange {
    let form = asking.endpoint.learn_form(exchange, sent, may_try);
    match form {
        FormChange::Changed { what, .. } => {
            let cause = match &exchange.verdict {
                Verdict::Retry(fault) => format!(": {}", fault.message),
                _ => String::new(),
            };
            tracing::warn!("from now on, requests are sent {}{cause}", what.describe());
        }
        FormChange::Trying(_) => match exchange.verdict.message() {
            Some(message) => tracing::info!("trying another form of the request: {message}"),
            None => tracing::debug!("trying whether fewer changes of the request are enough"),
        },
        FormChange::Proven { found: Some(found), .. } => {
            let how = found.describe();
            tracing::warn!("from now on, requests are sent {how}: the errors do not name what they reject");
        }
        _ => {}
    }
    form
}

/// Compares a bill with the estimate. Repairs are not compared: they also carry the last reply.
async fn calibrate(
    asking: &Asking<'_>,
    sent: &SentRequest,
    request: &PageRequest,
    exchange: &Exchange,
) -> Result<(), StoreError> {
    let (Some(usage), Verdict::Done { reading, .. }) = (prompt_bill(request, exchange), &exchange.verdict) else {
        return Ok(());
    };
    let before = asking.endpoint.bills().fit();
    let is_valid = reading.iter().all(Result::is_ok);
    let Some(calibration) =
        asking.endpoint.bills().learn_bill(sent.outgoing.frame.footprint, sent.size, usage, is_valid)
    else {
        return Ok(());
    };
    let after = asking.endpoint.bills().fit();
    if after.differs() && !before.differs() {
        warn_of_bills(&asking.run.job, &after, sent.size);
    }
    store_calibration(asking, calibration).await
}

/// At the end of a run: stores what its last replies showed.
///
/// # Errors
/// When the store fails.
pub(crate) async fn store_what_was_learned(asking: &Asking<'_>) -> Result<(), StoreError> {
    let calibration = asking.endpoint.bills().calibration();
    let detail = asking.run.job.image.detail;
    if calibration == asking.calibrations.for_detail(detail) {
        return Ok(());
    }
    store_calibration(asking, calibration).await
}

async fn store_calibration(asking: &Asking<'_>, calibration: Calibration) -> Result<(), StoreError> {
    let text = asking.calibrations.to_text_with(asking.run.job.image.detail, calibration);
    asking.run.store.remember_endpoint(asking.endpoint.id().to_owned(), EndpointFact::Calibration(text)).await
}

fn warn_of_bills(job: &Job, fit: &Fit, (width, height): (u32, u32)) {
    let expected = job.image.rule.tokens(width, height, job.image.detail).unwrap_or(0);
    let billed = fit.tokens(width, height).unwrap_or(0);
    tracing::warn!(
        "billed image tokens differ from the documented rule ({}): a {width}x{height} image cost {billed} tokens (expected {expected}); using the observed rate: {fit} ({})",
        job.image.rule,
        fit.basis(),
    );
}
