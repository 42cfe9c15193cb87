//! `docmill man`: manual pages, made from the arguments.

use super::args::Args;
use super::completions_args::Man as ManArgs;
use super::exit::{Failure, INTERNAL, STORAGE};
use super::log;
use super::out::Stdout;
use crate::base::atomic_file;
use crate::base::hooks::NoHooks;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io::Write;
use std::path::Path;

pub(crate) fn man(args: &ManArgs) -> Result<u8, Failure> {
    let mut program = Args::command();
    program.build();
    match &args.out {
        None => Stdout.write_all(&page(&program)?).map_err(|error| Failure::new(INTERNAL, error))?,
        Some(folder) => {
            let count = write_pages(&program, folder)?;
            let message = format!("{count} pages in {}", folder.display());
            log::line("INFO", &message, serde_json::Map::new());
        }
    }
    Ok(0)
}

/// Writes the page of a command and those below it, and returns their number.
fn write_pages(command: &Command, folder: &Path) -> Result<usize, Failure> {
    // `docmill-store-check`, as building a command names it.
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    let failed = |error: std::io::Error| {
        Failure::new(STORAGE, format!("can't write {}: {error}", path.display())).with_hint("name another folder")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    atomic_file::write(&path, &page(command)?, &NoHooks).map_err(failed)?;
    let children = command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help");
    children.map(|child| write_pages(child, folder)).try_fold(1, |sum, count| Ok(sum + count?))
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    // As `--help` names them.
    let command = command.clone().subcommand_value_name("COMMAND").subcommand_help_heading("Commands");
    Man::new(command).render(&mut text).map_err(|error| Failure::new(INTERNAL, error))?;
    Ok(text)
}
