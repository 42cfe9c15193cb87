//! `docmill answers`: human answers to files and from them.

use super::answers_args::{Answers, AnswersCommand, AnswersExport, AnswersFormat, AnswersImport};
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::log;
use super::out::{Stdout, outln};
use super::record_file::RecordFile;
use crate::base::sanitize;
use crate::base::units::grouped;
use crate::session::{AnswerFormat, ImportOptions};
use std::io::{Read, Write};
use std::path::Path;

/// Maximum size of a file of human answers, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// Lines that a warning lists.
const MAX_LISTED: usize = 20;
/// Maximum length of a listed line, in characters.
const MAX_LINE: usize = 300;

pub(crate) fn answers(args: &Answers, quiet: bool) -> Result<u8, Failure> {
    match &args.command {
        AnswersCommand::Export(args) => export(args, quiet),
        AnswersCommand::Import(args) => import(args, quiet),
    }
}

fn export(args: &AnswersExport, quiet: bool) -> Result<u8, Failure> {
    let format = match args.format {
        AnswersFormat::Csv => AnswerFormat::Csv,
        AnswersFormat::LabelStudio if args.csv.is_some() => {
            return Err(Failure::new(WRONG_INPUT, "--csv can't be combined with --format label-studio")
                .with_hint("redirect standard output to a file"));
        }
        AnswersFormat::LabelStudio => AnswerFormat::LabelStudio,
    };
    let session = load::open(&args.job)?;
    let answers = session.export_answers(format)?;
    match args.csv.as_deref().filter(|path| RecordFile::classify(path) != RecordFile::Stdout) {
        Some(path) => {
            session.write_answers(&answers, path)?;
            outln!("{}", path.display());
        }
        // It ends the program if it can't be written.
        None => _ = Stdout.write_all(&answers.bytes),
    }
    let noun = |count: usize| if count == 1 { "human answer does" } else { "human answers do" };
    let count = answers.unfit.len();
    warn(
        &format!("{} {} not fit the job, and rows don't show them", grouped(count as u64), noun(count)),
        &answers.unfit,
        quiet,
    );
    Ok(0)
}

fn import(args: &AnswersImport, quiet: bool) -> Result<u8, Failure> {
    let session = load::open(&args.job)?;
    let reviewer = args.reviewer.clone().or_else(|| session.default_reviewer());
    let options = ImportOptions { reviewer, skip_unknown: args.skip_unknown, is_blind: args.blind };
    let result = session.import_answers(&read_file(&args.file)?, &options)?;
    let count = result.skipped.len();
    outln!(
        "{} imported, {} known already, {} skipped",
        grouped(result.imported),
        grouped(result.known),
        grouped(count as u64)
    );
    let noun = if count == 1 { "line was" } else { "lines were" };
    warn(&format!("{} {noun} skipped", grouped(count as u64)), &result.skipped, quiet);
    Ok(0)
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes),
        false => std::fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)),
    };
    match read {
        Err(error) => Err(Failure::new(WRONG_INPUT, format!("can't read {}: {error}", path.display()))),
        Ok(_) if bytes.len() as u64 > MAX_FILE_BYTES => {
            Err(Failure::new(WRONG_INPUT, format!("{} has more than {MAX_FILE_BYTES} bytes", path.display())))
        }
        Ok(_) => Ok(bytes),
    }
}

/// Prints a warning and the first of the lines that it is about. Nothing without lines, or with `--quiet`.
fn warn(message: &str, lines: &[String], quiet: bool) {
    if lines.is_empty() || quiet {
        return;
    }
    let mut text = format!("warning: {message}");
    for line in lines.iter().take(MAX_LISTED) {
        text.push_str("\n  ");
        text.push_str(&sanitize::one_line(line, MAX_LINE));
    }
    if lines.len() > MAX_LISTED {
        text.push_str(&format!("\n  and {} more", grouped((lines.len() - MAX_LISTED) as u64)));
    }
    log::line("WARN", &text, serde_json::Map::new());
}
