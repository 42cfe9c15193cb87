//! `docmill report`: what runs cost, from the store.

use super::arg_values::ReportFormat;
use super::args::Report;
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::out::{out, outln};
use crate::base::sanitize::for_terminal;
use crate::session::{Budget, ReportQuery, budgets_of_store, report_from_store};

pub(crate) fn report(args: &Report) -> Result<u8, Failure> {
    if args.budgets {
        return show_budgets(args);
    }
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

fn show_budgets(args: &Report) -> Result<u8, Failure> {
    let store = match &args.job {
        Some(path) => load::open_job(path, &args.vars, args.store.as_ref())?.job().store().to_owned(),
        None => load::default_store(args.store.as_ref()),
    };
    let budgets = budgets_of_store(&store)?;
    match args.format {
        ReportFormat::Json => {
            outln!("{:#}", serde_json::Value::Array(budgets.iter().map(Budget::to_json).collect()));
        }
        ReportFormat::Text => {
            outln!("{:<24} {:<34} {:>14} {:>14}", "budget", "counts", "spent USD", "reserved USD");
            for budget in &budgets {
                let Budget { name, scope, period, is_simulated, spent_usd, reserved_usd } = budget;
                let period = period.as_ref().map_or(String::new(), |period| format!(" {period}"));
                let kind = if *is_simulated { ", simulated" } else { "" };
                let name = for_terminal(name);
                outln!("{name:<24} {:<34} {spent_usd:>14} {reserved_usd:>14}", format!("{scope}{period}{kind}"));
            }
        }
        ReportFormat::Html => {
            return Err(Failure::new(WRONG_INPUT, "--budgets is shown as text or json"));
        }
    }
    Ok(0)
}
