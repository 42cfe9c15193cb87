//! `docmill report`: what runs cost, from the store.

use super::args::{Report, ReportFormat};
use super::exit::Failure;
use super::load;
use super::out::{out, outln};
use crate::session::{ReportQuery, report_from_store};

pub(crate) fn report(args: &Report) -> Result<u8, Failure> {
    let query = ReportQuery { run: args.run.clone(), since_ms: args.since, until_ms: args.until };
    let report = match &args.job {
        Some(path) => load::open_job(path, &args.vars, args.store.as_ref())?.report(&query)?,
        None => report_from_store(&load::default_store(args.store.as_ref()), None, &query)?,
    };
    match args.format {
        ReportFormat::Json => outln!("{:#}", report.to_json()),
        ReportFormat::Text => out!("{}", report.to_text()),
        ReportFormat::Html => out!("{}", report.to_html()),
    }
    Ok(0)
}
