//! `docmill eval --rotate` and `--repeat`: how stable the answers are.

use super::eval_args::{Eval, EvalFormat};
use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use super::load;
use super::log;
use super::out::{out, outln};
use super::signals;
use crate::base::units::grouped;
use crate::session::{ProbeKind, ProbePlan};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a stop waits for replies: as long as that of a run with its default grace period.
const MAX_END: Duration = Duration::from_secs(10);

/// In which way pages are to be asked once more; `None`: answers are compared with truth.
pub(crate) fn kind(args: &Eval) -> Option<ProbeKind> {
    match args.probe.repeat {
        Some(times) => Some(ProbeKind::Repeat(times)),
        None => args.probe.rotate.then_some(ProbeKind::Rotate),
    }
}

pub(crate) fn probe(args: &Eval, kind: ProbeKind) -> Result<u8, Failure> {
    if args.format == EvalFormat::Html {
        return Err(
            Failure::new(WRONG_INPUT, "--rotate and --repeat have no HTML").with_hint("use --format text or json")
        );
    }
    let session = load::open(&args.job)?;
    let plan = session.plan_probe(kind, args.probe.sample)?;
    if plan.pages() == 0 {
        return Err(Failure::new(WRONG_INPUT, "no page of the job has an answer").with_hint("run the job first"));
    }
    let price = price(&plan);
    if args.probe.dry_run {
        outln!("{price}");
        return Ok(0);
    }
    if plan.requests() > 0 {
        log::line("INFO", &price, serde_json::Map::new());
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
        EvalFormat::Text | EvalFormat::Html => out!("{}", stability.to_text()),
    }
    session.early_end().map_or(Ok(0), |error| Err(error.into()))
}

/// What would be sent, and what it costs.
fn price(plan: &ProbePlan) -> String {
    let (pages, requests) = (plan.pages(), plan.requests());
    let noun =
        |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(count)) };
    if requests == 0 {
        return format!("{}: all answers are in the store, nothing is sent", noun(pages, "page"));
    }
    let cost = match plan.expected_usd() {
        Some(usd) => format!("about USD {usd}, what these pages cost before"),
        None => "the price is unknown".to_owned(),
    };
    format!("{} for {}: {cost}", noun(requests, "request"), noun(pages, "page"))
}

/// Asks whether requests are to be sent. Without a terminal nobody can answer.
fn confirm() -> Result<(), Failure> {
    let refused = |message: &str| {
        Err(Failure::new(WRONG_INPUT, message).with_hint("--yes sends the requests; --dry-run only shows their price"))
    };
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return refused("nothing was sent: there is no terminal to confirm the price");
    }
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(b"Send them? [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => refused("nothing was sent"),
    }
}
