//! `docmill eval`: how good the stored answers are, against truth.

use super::eval_args::{Eval, EvalFormat};
use super::exit::Failure;
use super::load;
use super::out::{out, outln};
use super::probe;
use crate::session::{EvalOptions, TruthChoice};

pub(crate) fn eval(args: &Eval) -> Result<u8, Failure> {
    if let Some(kind) = probe::kind(args) {
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
        split: args.split.clone(),
        only_sampled: args.sampled,
        gates: args.min_accuracy.iter().chain(&args.min_f1).cloned().collect(),
    };
    let report = session.evaluate(&options)?;
    match args.format {
        EvalFormat::Text => out!("{}", report.to_text()),
        EvalFormat::Json => outln!("{:#}", report.to_json()),
        EvalFormat::Html => out!("{}", report.to_html()?),
    }
    report.failed_gates().map_or(Ok(0), |error| Err(error.into()))
}
