//! `docmill export`: writes the outputs again, from the store.

use super::args::Export;
use super::exit::Failure;
use super::load;
use super::out::outln;
use crate::session::Outputs;

pub(crate) fn export(args: &Export) -> Result<u8, Failure> {
    let session = load::open(&args.job)?;
    let outputs = Outputs { csv: args.csv.clone(), parquet: args.parquet.clone(), jsonl: args.jsonl.clone() };
    let files = session.export(&outputs)?;
    if files.is_empty() {
        return Err(Failure::new(super::exit::WRONG_INPUT, "there is no output to write")
            .with_hint("give --csv, --parquet or --jsonl, or set `output` in the manifest"));
    }
    for file in files {
        outln!("{}", file.display());
    }
    Ok(0)
}
