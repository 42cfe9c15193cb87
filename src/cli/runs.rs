//! `docmill runs`: the history of a job, from the store.

use super::arg_values::Format;
use super::exit::Failure;
use super::load;
use super::log;
use super::out::{outln, terminal_width};
use super::runs_args::Runs;
use crate::base::units::grouped;
use crate::session::{history_to_json, history_to_text};

pub(crate) fn runs(args: &Runs, quiet: bool) -> Result<u8, Failure> {
    let history = load::open(&args.job)?.history(args.limit)?;
    match args.format {
        Format::Json => outln!("{:#}", history_to_json(&history)),
        Format::Text => {
            let width = terminal_width();
            for line in history_to_text(&history, width.is_some()).lines() {
                match width {
                    Some(width) => outln!("{}", console::truncate_str(line, width, "…")),
                    None => outln!("{line}"),
                }
            }
            if history.older > 0 && !quiet {
                let line = format!("{} older; choose with --limit", grouped(history.older));
                log::line("INFO", &line, serde_json::Map::new());
            }
        }
    }
    Ok(0)
}
