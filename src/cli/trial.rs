//! `docmill try`: one page, now.

use super::args::Try;
use super::exit::{Failure, WRONG_INPUT};
use super::load::{self, Loaded};
use crate::ask::{Exchange, Verdict, Wanted};
use crate::pipeline::{self, Stop, Trial};
use crate::store::{AttemptCharge, Outcome, OutcomeStatus};
use crate::task::Question;
use crate::units::grouped;
use std::io::Write;
use std::sync::Arc;

#[expect(clippy::print_stdout, reason = "the command line")]
pub(super) fn trial(args: &Try) -> Result<u8, Failure> {
    let Loaded { job, mut questions } = load::load(&args.job)?;
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
        print!("{text}");
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
    println!("\nanswers");
    let mut all_ok = true;
    for (task, outcome) in &answers {
        all_ok &= outcome.as_ref().is_some_and(|outcome| outcome.status == OutcomeStatus::Ok);
        println!("  {task:<16} {}", described(outcome.as_ref()));
    }
    if let Some((what, hint)) = stop.ending().and_then(|outcome| outcome.explanation()) {
        let code = stop.ending().map_or(1, |outcome| outcome.exit_code());
        return Err(Failure::new(code, what).with_hint(&hint));
    }
    Ok(if all_ok { 0 } else { 3 })
}

#[expect(clippy::print_stdout, reason = "the command line")]
fn started(trial: &Trial) {
    println!(
        "sent     {} x {} pixels, {} bytes, {}",
        trial.width,
        trial.height,
        grouped(trial.bytes as u64),
        trial.mime
    );
    println!("expected {} prompt tokens", grouped(trial.expected_input));
    println!("\nprompt\n{}\nreply", trial.prompt.trim_end());
}

#[expect(clippy::print_stdout, reason = "the command line")]
fn exchanged(_wanted: &Wanted, exchange: &Exchange, charge: &AttemptCharge) {
    let cost = charge.cost.map_or("unknown (set provider.price)".to_owned(), |cost| format!("USD {cost}"));
    let tokens = &charge.tokens;
    let estimated = if charge.is_estimated { ", estimated" } else { "" };
    println!();
    match &exchange.verdict {
        Verdict::Done { .. } => {}
        Verdict::Retry(fault) => println!("  {}: {}", fault.kind, fault.message),
        Verdict::Later { message, .. } => println!("  not now: {message}"),
        Verdict::Page(fault) => println!("  {}: {}", fault.kind, fault.message),
        Verdict::Stop(refusal) => println!("  {}", refusal.message),
    }
    println!(
        "  {} tokens in ({} cached), {} out, {cost}{estimated}, {} ms",
        grouped(tokens.input),
        grouped(tokens.cached_input),
        grouped(tokens.output),
        exchange.latency.as_millis()
    );
}

fn described(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "not asked".into(),
        Some(outcome) => match (&outcome.value, &outcome.fault) {
            (Some(value), _) => value.clone(),
            (None, Some(fault)) => format!("{} ({}): {}", outcome.status.name(), fault.kind, fault.message),
            (None, None) => outcome.status.name().into(),
        },
    }
}
