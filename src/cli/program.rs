//! The program: reads the arguments and starts a command.

use super::args::{self, Args, Command};
use super::exit::{self, Failure};
use super::followers::Followers;
use super::run_record::{RunRecorder, is_run_or_merge};
use super::{
    answers, check, completions, diff, eval, export, init, log, man, merge, models, parent, plan, prepare, report,
    review, rows, run, runs, schema, signals, simulate, store, try_page, version,
};
use crate::base::mask::{mask_secrets, mask_word};
use crate::session::Environment;
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::process::ExitCode;

/// What to do about a key on the command line.
const MASKED_HINT: &str = "an argument that looks like a key is shown as ***; a key is read from the variable or file that the manifest \
                           names (`provider.api_key_env`, `provider.api_key_file`)";

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    signals::survive_file_limit();
    parent::keep_descriptors();
    if version::is_asked_as_json(std::env::args_os().skip(1)) {
        version::print_json();
        return ExitCode::SUCCESS;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return wrong_arguments(&error),
    };
    let _guard = log::init(&args.global);
    run_command(&args)
}

/// Prints help and version to stdout, and an error of the arguments in the requested log format.
fn wrong_arguments(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let is_json = words.iter().any(|word| word == "--log-format=json")
        || words.windows(2).any(|two| two[0] == "--log-format" && two[1] == "json");
    let text = error.to_string();
    let shown = match unexpected_word(error) {
        Some(word) => text.replace(word, &mask_word(word)),
        None => text.clone(),
    };
    let message = mask_secrets(shown.trim_start_matches("error: ").trim_end());
    let mut failure = Failure::new(exit::WRONG_INPUT, &message);
    let is_masked = !text.contains(failure.message());
    let is_of_environment = names_empty_store(error, &words);
    if is_of_environment {
        failure = Failure::new(exit::WRONG_INPUT, "the environment variable DOCMILL_STORE is empty")
            .with_hint("unset it, or let it name the file of the store");
    } else if is_masked {
        failure = failure.with_hint(MASKED_HINT);
    }
    if let Some(record) = RunRecorder::of_words(&words) {
        record.write_failure(&failure);
    }
    if is_run_or_merge(&words) {
        Followers::of_environment(&Environment::of_process()).fail(&failure);
    }
    if is_json {
        log::say_as_json();
        return failure.report(args::LogFormat::Json);
    }
    if !is_masked && !is_of_environment {
        // With its colours.
        error.exit();
    }
    failure.report(args::LogFormat::Text)
}

/// Whether the option `--store` has no value because its environment variable is empty.
fn names_empty_store(error: &clap::Error, words: &[String]) -> bool {
    let is_store = |value: &ContextValue| matches!(value, ContextValue::String(name) if name.starts_with("--store"));
    error.get(ContextKind::InvalidArg).is_some_and(is_store)
        && Environment::of_process().variable("DOCMILL_STORE").is_some_and(|value| value.is_empty())
        && !words.iter().any(|word| word.starts_with("--store"))
}

/// The word where none was expected, or only the name of a command. A key may have been pasted there.
fn unexpected_word(error: &clap::Error) -> Option<&str> {
    let place = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return None,
    };
    match error.get(place)? {
        ContextValue::String(word) => Some(word.as_str()).filter(|word| !word.is_empty()),
        _ => None,
    }
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
        Command::Merge(args) => merge::merge(args, global),
        Command::Check(check) => check::check(check),
        Command::Try(args) => try_page::try_page(args, global),
        Command::Export(export) => export::export(export),
        Command::Rows(args) => rows::rows(args, global.quiet),
        Command::Diff(args) => diff::diff(args, global),
        Command::Answers(args) => answers::answers(args, global.quiet),
        Command::Runs(args) => runs::runs(args, global.quiet),
        Command::Report(report) => report::report(report),
        Command::Eval(args) => eval::eval(args, global.quiet),
        Command::Review(args) => review::review(args),
        Command::Store(store) => store::store(store),
        Command::Init(init) => init::init(init, global.quiet),
        Command::Simulate(simulate) => simulate::simulate(simulate),
        Command::Models(args) => models::models(args),
        Command::Schema => schema::schema(),
        Command::Completions(args) => completions::completions(args),
        Command::Man(args) => man::man(args),
        Command::Prepare(prepare) => prepare::prepare(prepare),
        Command::Decode => prepare::decode(),
    }
}
