//! `docmill completions`: what a shell completes.

use super::args::Args;
use super::completions_args::{Completions, ShellName};
use super::exit::Failure;
use super::out::Stdout;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

#[expect(clippy::unnecessary_wraps, reason = "all commands have one form")]
pub(crate) fn completions(args: &Completions) -> Result<u8, Failure> {
    let shell = match args.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    generate(shell, &mut Args::command(), "docmill", &mut Stdout);
    Ok(0)
}
