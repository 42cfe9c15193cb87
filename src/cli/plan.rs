//! `docmill plan`.

use super::args::{Format, Plan};
use super::exit::Failure;
use super::load::{self, Loaded};
use super::out::{out, outln};
use crate::pipeline::{self, Wish};
use crate::units::grouped;
use std::fmt::Write;

pub(super) fn plan(args: &Plan) -> Result<u8, Failure> {
    let Loaded { job, questions } = load::load_with_input(&args.job)?;
    let plan = pipeline::plan(&job, &questions, Wish::default(), load::decoder()?)?;
    match args.format {
        Format::Json => outln!("{:#}", plan.to_json()),
        Format::Text => out!("{}", text(&plan)),
    }
    Ok(0)
}

fn text(plan: &pipeline::Plan) -> String {
    let mut out = String::new();
    let mut row = |name: &str, count: u64| _ = writeln!(out, "{name:<22} {:>10}", grouped(count));
    row("pages found", plan.pages);
    row("  answered", plan.answered);
    row("  equal to another", plan.duplicates);
    if plan.skipped > 0 {
        row("  blank, left out", plan.skipped);
    }
    row("  unreadable", plan.unreadable);
    if plan.not_fetched > 0 {
        row("  URLs, not fetched yet", plan.not_fetched);
    }
    row("  to ask", plan.to_ask);
    for (task, count) in &plan.by_task {
        row(&format!("    {task}"), *count);
    }
    for (task, reasons) in &plan.misses {
        for (reason, count) in reasons {
            let _ = writeln!(
                out,
                "`{task}` of {} pages have an answer to a task of this kind, asked with another {reason}",
                grouped(*count)
            );
        }
    }
    out
}
