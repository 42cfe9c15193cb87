//! `docmill eval --rotate` and `--repeat`: how stable the answers are.

use super::confirm::confirm;
use super::eval_args::{Eval, EvalFormat};
use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use super::load;
use super::log;
use super::out::{out, outln, terminal_width};
use super::probe_args::DEFAULT_SAMPLE;
use super::signals;
use crate::session::{ProbeKind, ProbeQuery};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a stop waits for replies: as long as that of a run with its default grace period.
const MAX_END: Duration = Duration::from_secs(10);

/// How pages are asked once more; `None`: answers are compared with truth.
///
/// # Errors
/// If there are options for asking, but not how to ask.
pub(crate) fn kind(args: &Eval) -> Result<Option<ProbeKind>, Failure> {
    let probe = &args.probe;
    if let Some(times) = probe.repeat {
        return Ok(Some(ProbeKind::Repeat(times)));
    }
    if probe.rotate {
        return Ok(Some(ProbeKind::Rotate));
    }
    let stray = [("--sample", probe.sample.is_some()), ("--yes", probe.yes), ("--dry-run", probe.dry_run)];
    let Some((name, _)) = stray.into_iter().find(|(_, is_given)| *is_given) else { return Ok(None) };
    let failure = Failure::new(WRONG_INPUT, format!("{name} is only for --rotate and --repeat"));
    Err(failure.with_hint(match name {
        "--sample" => "every page with truth is measured; --sampled measures those that were drawn at random",
        _ => "without them nothing is sent: answers in the store are compared with truth",
    }))
}

pub(crate) fn probe(args: &Eval, kind: ProbeKind) -> Result<u8, Failure> {
    if args.format == EvalFormat::Html {
        return Err(
            Failure::new(WRONG_INPUT, "--rotate and --repeat have no HTML").with_hint("use --format text or json")
        );
    }
    let session = load::open(&args.job)?;
    let query = ProbeQuery {
        kind,
        sample: args.probe.sample.unwrap_or(DEFAULT_SAMPLE),
        filter: args.filter.clone(),
        tasks: args.tasks.clone(),
    };
    let plan = session.plan_probe(&query)?;
    if plan.pages() == 0 {
        return Err(match &args.filter {
            Some(_) => Failure::new(WRONG_INPUT, "no page that matches --where has an answer")
                .with_hint("`docmill rows` with the same --where shows which pages match"),
            None => Failure::new(WRONG_INPUT, "no page of the job has an answer").with_hint("run the job first"),
        });
    }
    if args.probe.dry_run {
        match args.format {
            EvalFormat::Json => outln!("{:#}", plan.to_json()),
            EvalFormat::Text | EvalFormat::Html => outln!("{}", plan.to_text()),
        }
        return Ok(0);
    }
    if plan.requests() > 0 {
        log::line("INFO", &plan.to_text(), serde_json::Map::new());
        if !args.probe.yes {
            confirm()?;
        }
        let watched = Arc::new(OnceLock::from((session.canceller(), session.progress())));
        signals::listen(watched, Some(MAX_END), |_| ())
            .map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
        session.ask_probes(&plan)?;
    }
    let stability = session.stability(&plan)?;
    match args.format {
        EvalFormat::Json => outln!("{:#}", stability.to_json()),
        EvalFormat::Text | EvalFormat::Html => out!("{}", stability.to_text(terminal_width())),
    }
    session.early_end().map_or(Ok(0), |error| Err(error.into()))
}
