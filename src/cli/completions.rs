//! `docmill completions`: what a shell completes.

use super::args::Args;
use super::completions_args::{Completions, ShellName};
use super::exit::Failure;
use super::out::Stdout;
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};

#[expect(clippy::unnecessary_wraps, reason = "all commands have one form")]
pub(crate) fn completions(args: &Completions) -> Result<u8, Failure> {
    let shell = match args.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    generate(shell, &mut visible(), "docmill", &mut Stdout);
    Ok(0)
}

/// The program without hidden commands, which shells would offer.
fn visible() -> Command {
    let program = Args::command();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let commands: Vec<Command> = commands.collect();
    Command::new("docmill")
        .version(env!("CARGO_PKG_VERSION"))
        .args(program.get_arguments().cloned())
        .subcommands(commands)
}
