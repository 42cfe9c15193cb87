//! The command line: parse, call, print. The only place that prints, reads the
//! environment and handles signals.
//!
//! Data goes to stdout, everything else to stderr.

pub(crate) mod args;
pub(crate) mod check;
pub(crate) mod exit;
pub(crate) mod export;
pub(crate) mod init;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod out;
pub(crate) mod plan;
pub(crate) mod prepare;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod signals;
pub(crate) mod simulate;
pub(crate) mod store;
#[cfg(feature = "otlp")]
pub(crate) mod traces;
pub(crate) mod try_page;

use args::{Args, Command};
use clap::Parser;
use exit::Failure;
use std::process::ExitCode;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return wrong_arguments(&error),
    };
    let _guard = log::init(&args.global);
    run_command(&args)
}

/// Help and version are data; what is wrong is told in the form that was asked for.
fn wrong_arguments(error: &clap::Error) -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let is_json = words.iter().any(|word| word == "--log-format=json")
        || words.windows(2).any(|two| two[0] == "--log-format" && two[1] == "json");
    if !error.use_stderr() || !is_json {
        error.exit();
    }
    let message = error.to_string();
    let message = message.trim_start_matches("error: ").trim_end();
    log::say_as_json();
    Failure::new(exit::WRONG_INPUT, message).report(args::LogFormat::Json)
}

fn run_command(args: &Args) -> ExitCode {
    match dispatch(args) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(args.global.log_format),
    }
}

fn dispatch(args: &Args) -> Result<u8, Failure> {
    let global = &args.global;
    match &args.command {
        Command::Run(run) => run::run(run, global),
        Command::Plan(plan) => plan::plan(plan),
        Command::Check(check) => check::check(check),
        Command::Try(args) => try_page::try_page(args),
        Command::Export(export) => export::export(export),
        Command::Report(report) => report::report(report),
        Command::Store(store) => store::store(store),
        Command::Init(init) => init::init(init),
        Command::Simulate(simulate) => simulate::simulate(simulate),
        Command::Schema => schema::schema(),
        Command::Prepare(prepare) => prepare::prepare(prepare),
        Command::Decode => prepare::decode(),
    }
}
