//! `docmill export`: the outputs again, from the store.

use super::args::Export;
use super::exit::Failure;
use super::load;
use super::load::Loaded;
use super::out::outln;
use crate::base::hooks::NoHooks;
use crate::manifest::Output;
use crate::pipeline;

pub(crate) fn export(args: &Export) -> Result<u8, Failure> {
    let Loaded { job, questions } = load::load(&args.job)?;
    let given = Output {
        csv: args.csv.clone(),
        parquet: args.parquet.clone(),
        jsonl: args.jsonl.clone(),
        report: None,
        keep_formulas: job.output.keep_formulas,
    };
    let has_given = given.csv.is_some() || given.parquet.is_some() || given.jsonl.is_some();
    let output = if has_given { given } else { job.output.clone() };
    let (_, files) = pipeline::export(&job, &questions, &output, &NoHooks)?;
    if files.is_empty() {
        return Err(Failure::new(super::exit::WRONG_INPUT, "there is no output to write")
            .with_hint("give --csv, --parquet or --jsonl, or set `output` in the manifest"));
    }
    for file in files {
        outln!("{}", file.display());
    }
    Ok(0)
}
