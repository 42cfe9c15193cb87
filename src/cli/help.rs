//! The examples of `--help`, two or more for each command. A line is a command, and after two spaces what it is for.
//! `tests/it/cli/help.rs` runs them.

pub(crate) const DOCMILL: &str = "\
Examples:
  docmill run jobs/demo.yaml         label the sample pages with the built-in simulator, without a key
  docmill init scans                 start with a manifest of your own
  docmill --version --json           version, features and formats, for scripts";

pub(crate) const RUN: &str = "\
Examples:
  docmill run job.yaml --limit 20                           look at 20 pages before you pay for all
  docmill run job.yaml --var folder=pages --budget-usd 5 --summary -
  docmill run job.yaml --retry failed,invalid               retry pages that ended with these statuses
  docmill run job.yaml --shard 0/2                          the first of two parts of the input (docs/shards.md)
  docmill run job.yaml --refresh --where 'kind = \"invoice\"'";

pub(crate) const PLAN: &str = "\
Examples:
  docmill plan job.yaml                                     what a run would send and cost
  docmill plan job.yaml --sample 100 --format json          an estimate from 100 files
  docmill plan job.yaml --files                             which files are taken, and why others are not";

pub(crate) const MERGE: &str = "\
Examples:
  docmill merge job.yaml .docmill/store-*-of-00002.db --store .docmill/merged.db
  docmill merge job.yaml .docmill/store-00000-of-00002.db --store .docmill/part.db --allow-missing";

pub(crate) const CHECK: &str = "\
Examples:
  docmill check job.yaml                                    every fault of the manifest, with its place
  docmill check job.yaml --var folder=pages                 with a value for ${folder}";

pub(crate) const TRY: &str = "\
Examples:
  docmill try job.yaml page.jpg                             size, tokens, prompt, reply, answers and cost
  docmill try job.yaml page.jpg --refresh                   send it although its answers are stored";

pub(crate) const EXPORT: &str = "\
Examples:
  docmill export job.yaml                                   write the outputs of the manifest again
  docmill export job.yaml --csv - --where 'status = \"failed\"'
  docmill export job.yaml --parquet rows.parquet";

pub(crate) const ROWS: &str = "\
Examples:
  docmill rows job.yaml --failed                            failures by kind
  docmill rows job.yaml --where 'kind = \"invoice\"' --columns path,kind,cost_usd
  docmill rows job.yaml --limit 5 --format json";

pub(crate) const ANSWERS_EXPORT: &str = "\
Examples:
  docmill answers export job.yaml                           CSV on standard output
  docmill answers export job.yaml --csv answers-copy.csv";

pub(crate) const ANSWERS_IMPORT: &str = "\
Examples:
  docmill answers import job.yaml answers.csv
  docmill answers import job.yaml answers.csv --reviewer ada --skip-unknown
  docmill answers import job.yaml answers.csv --blind       reviewers had not seen the model's answers";

pub(crate) const ANSWERS: &str = "\
Examples:
  docmill answers export job.yaml --csv people.csv          a copy of what people decided
  docmill answers import job.yaml people.csv                bring it back, or into another store";

pub(crate) const RUNS: &str = "\
Examples:
  docmill runs job.yaml                                     outcome, pages, cost, changes of the manifest
  docmill runs job.yaml --limit 1 --format json             the latest run, for scripts";

pub(crate) const REPORT: &str = "\
Examples:
  docmill report job.yaml                                   what the latest run cost
  docmill report job.yaml --run all --format html > spend.html
  docmill report job.yaml --since 2026-11-01 --format json";

pub(crate) const REVIEW: &str = "\
Examples:
  docmill review job.yaml --sample 200                      make truth: answers are hidden until you decide
  docmill review job.yaml --show --order suspected --idle 30m";

pub(crate) const STORE: &str = "\
Examples:
  docmill store stats --job job.yaml                        what the store of a job contains
  docmill store check --store .docmill/store.db             whether a store is sound";

pub(crate) const STORE_CHECK: &str = "\
Examples:
  docmill store check --job job.yaml
  docmill store check --store .docmill/store.db";

pub(crate) const STORE_BACKUP: &str = "\
Examples:
  docmill store backup --job job.yaml --to backup.db
  docmill store backup --store .docmill/store.db --to copy.db";

pub(crate) const STORE_SALVAGE: &str = "\
Examples:
  docmill store salvage --job job.yaml --to saved.db
  docmill store salvage --store .docmill/store.db --to readable.db";

pub(crate) const STORE_PRUNE: &str = "\
Examples:
  docmill store prune --job job.yaml --older-than 180d --dry-run
  docmill store prune --job job.yaml --older-than 180d";

pub(crate) const STORE_STATS: &str = "\
Examples:
  docmill store stats --job job.yaml
  docmill store stats --store .docmill/store.db --json";

pub(crate) const INIT: &str = "\
Examples:
  docmill init scans                 write scans/job.yaml and the folder for its pages
  docmill init                       the same in this folder";

pub(crate) const SIMULATE: &str = "\
Examples:
  docmill simulate --port 8765 --faults 20%                 an API at http://127.0.0.1:8765/v1
  docmill simulate --port 0 --profile gpt-5-mini --requests-per-minute 60";

pub(crate) const MODELS: &str = "\
Examples:
  docmill models gpt-6                                      prices, image rules, reasoning, limits
  docmill models api.openai.com --format json               the same of a provider, for scripts";

pub(crate) const SCHEMA: &str = "\
Examples:
  docmill schema                     every key with its type and default
  docmill schema > job.schema.json   for editors, named in the first line of a manifest";

pub(crate) const PREPARE: &str = "\
Examples:
  docmill prepare page.jpg --out look                       the image that would be sent
  docmill prepare pages/*.jpg --out look --size economy --min-side 600";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  docmill completions bash > docmill.bash                   source it, or put it into bash-completion's folder
  docmill completions zsh > _docmill                        into a folder of $fpath
  docmill completions fish > docmill.fish                   into ~/.config/fish/completions";

pub(crate) const MAN: &str = "\
Examples:
  docmill man > docmill.1                                   the page of the program
  docmill man --out man1                                    one page for each command";

#[cfg(test)]
mod tests {
    use crate::cli::args::Args;
    use clap::{CommandFactory, Parser};

    /// The words of an example as a shell splits them, up to a redirection.
    fn words(line: &str) -> Vec<String> {
        let command = line.trim().split("  ").next().unwrap_or_default();
        let command = command.split(" > ").next().unwrap_or_default();
        let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
        for c in command.chars() {
            match c {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
                c => word.push(c),
            }
        }
        words.push(word);
        words
    }

    fn check(command: &clap::Command, path: &str) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<&str> = help.lines().filter(|line| line.starts_with("  docmill ")).collect();
        assert!(examples.len() >= 2, "{path} has {} examples", examples.len());
        for example in examples {
            let words = words(example);
            assert!(path == "docmill" || words.join(" ").starts_with(path), "{path}: {example}");
            if words[1..] != ["--version", "--json"] {
                assert!(Args::try_parse_from(&words).is_ok(), "{example}: {:?}", Args::try_parse_from(&words).err());
            }
        }
        for child in command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help") {
            check(child, &format!("{path} {}", child.get_name()));
        }
    }

    #[test]
    fn every_command_has_two_examples_that_parse() {
        check(&Args::command(), "docmill");
    }
}
