//! `docmill eval`: how good the stored answers are, against truth.

use super::eval_args::{Eval, EvalFormat};
use super::exit::Failure;
use super::load;
use super::log;
use super::out::{out, outln, terminal_width};
use super::probe;
use crate::base::sanitize::one_line;
use crate::base::units::counted;
use crate::session::{EvalOptions, TruthChoice};

/// Maximum length of a warning, in characters.
const MAX_WARNING: usize = 500;
/// Warnings that are printed.
const MAX_WARNINGS: usize = 10;

pub(crate) fn eval(args: &Eval, quiet: bool) -> Result<u8, Failure> {
    if let Some(kind) = probe::kind(args)? {
        return probe::probe(args, kind);
    }
    let session = load::open(&args.job)?;
    let truth = match &args.truth {
        Some(path) => TruthChoice::File(path.clone()),
        None if !args.truth_columns.is_empty() => TruthChoice::Columns(args.truth_columns.clone()),
        None => TruthChoice::Answers { with_shown: args.include_shown },
    };
    let options = EvalOptions {
        truth,
        tasks: args.tasks.clone(),
        filter: args.filter.clone(),
        filter_answers: Vec::new(),
        split: args.split.clone(),
        only_sampled: args.sampled,
        gates: args.min_accuracy.iter().chain(&args.min_f1).cloned().collect(),
    };
    let report = session.evaluate(&options)?;
    match args.format {
        EvalFormat::Text => out!("{}", report.to_text(terminal_width())),
        EvalFormat::Json => outln!("{:#}", report.to_json()),
        EvalFormat::Html => out!("{}", report.to_html()?),
    }
    if !quiet {
        warn(&report.warnings());
    }
    report.failed_gates().map_or(Ok(0), |error| Err(error.into()))
}

/// Prints the warnings about the truth, even with `--format json`: a reader of the JSON may overlook the members.
fn warn(warnings: &[String]) {
    for warning in warnings.iter().take(MAX_WARNINGS) {
        log::line("WARN", &format!("warning: truth of {}", one_line(warning, MAX_WARNING)), serde_json::Map::new());
    }
    let more = warnings.len().saturating_sub(MAX_WARNINGS);
    if more > 0 {
        let text = format!("{} about the truth are in the report", counted(more as u64, "more warning"));
        log::line("WARN", &text, serde_json::Map::new());
    }
}
