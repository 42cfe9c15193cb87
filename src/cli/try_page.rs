//! `docmill try`: one page, now.

use super::args::Try;
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::load::Loaded;
use super::out::{out, outln};
use crate::base::units::grouped;
use crate::pipeline;
use crate::pipeline::{Stop, Trial};
use crate::provider::{Exchange, PageRequest, Verdict};
use crate::store::{AttemptCharge, OutcomeStatus, TaskOutcome};
use crate::task::Question;
use std::io::Write;
use std::sync::Arc;

pub(crate) fn trial(args: &Try) -> Result<u8, Failure> {
    let Loaded { mut job, mut questions } = load::load(&args.job)?;
    // One page is asked at once, whatever the job does with many.
    job.is_batch = false;
    if questions.iter().any(Question::is_template) {
        let line = pipeline::line_of(&job, &questions, &args.image).map_err(Failure::from)?;
        questions = line.ok_or_else(|| {
            let message = format!("{} is not in the list, whose columns the questions name", args.image.display());
            Failure::new(WRONG_INPUT, message).with_hint("try a file of the list")
        })?;
    }
    let provider = load::provider(&job)?;
    let stop = Stop::default();
    let on_text = |text: &str| {
        out!("{text}");
        // A terminal that is gone is not the page's fault.
        let _ = std::io::stdout().flush();
    };
    let job = Arc::new(job);
    let answers = pipeline::try_page(
        &job,
        &questions,
        &provider.environment,
        &stop,
        (&args.image, args.page),
        &started,
        &on_text,
        &exchanged,
    )?;
    outln!("\nanswers");
    let mut all_ok = true;
    for (task, outcome) in &answers {
        all_ok &= outcome.as_ref().is_some_and(|outcome| outcome.status == OutcomeStatus::Ok);
        outln!("  {task:<16} {}", described(outcome.as_ref()));
    }
    if let Some((what, hint)) = stop.ending().and_then(|outcome| outcome.explanation()) {
        let code = stop.ending().map_or(1, |outcome| outcome.exit_code());
        return Err(Failure::new(code, what).with_hint(&hint));
    }
    Ok(if all_ok { 0 } else { 3 })
}

fn started(trial: &Trial) {
    outln!("sent     {} x {} pixels, {} bytes, {}", trial.width, trial.height, grouped(trial.bytes as u64), trial.mime);
    outln!("expected {} prompt tokens", grouped(trial.expected_input));
    outln!("\nprompt\n{}\nreply", trial.prompt.trim_end());
}

fn exchanged(_request: &PageRequest, exchange: &Exchange, charge: &AttemptCharge) {
    let cost = charge.cost.map_or("unknown (set provider.price)".to_owned(), |cost| format!("USD {cost}"));
    let tokens = &charge.tokens;
    let estimated = if charge.is_estimated { ", estimated" } else { "" };
    outln!("");
    match &exchange.verdict {
        Verdict::Done { .. } => {}
        Verdict::Retry(fault) => outln!("  {}: {}", fault.kind, fault.message),
        Verdict::Later { message, .. } => outln!("  not now: {message}"),
        Verdict::Page(fault) => outln!("  {}: {}", fault.kind, fault.message),
        Verdict::Stop(refusal) => outln!("  {}", refusal.message),
    }
    outln!(
        "  {} tokens in ({} cached), {} out, {cost}{estimated}, {} ms",
        grouped(tokens.input),
        grouped(tokens.cached_input),
        grouped(tokens.output),
        exchange.latency.as_millis()
    );
}

fn described(outcome: Option<&TaskOutcome>) -> String {
    match outcome {
        None => "not asked".into(),
        Some(outcome) => match (&outcome.value, &outcome.fault) {
            (Some(value), _) => value.clone(),
            (None, Some(fault)) => format!("{} ({}): {}", outcome.status.name(), fault.kind, fault.message),
            (None, None) => outcome.status.name().into(),
        },
    }
}
