//! `docmill check`: the manifest and its inputs.

use super::args::JobArgs;
use super::env;
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::load::Loaded;
use super::out::outln;
use crate::base::units::grouped;
use crate::catalog::{ImageRule, ModelFacts, model_facts};
use crate::manifest::{Endpoint, Image, Job, Place, Size, Task, TaskKind};
use crate::pipeline::PipelineError;
use crate::prepare::target_size;
use crate::provider::{Footprint, ReplyFormat};
use crate::source::Entries;
use crate::task::Question;

pub(crate) fn check(args: &JobArgs) -> Result<u8, Failure> {
    let Loaded { job, questions } = load::load_with_input(args)?;
    let entries = Entries::start(&job.input).map_err(|error| Failure::from(PipelineError::from(error)))?;
    let (mut files, mut bytes, mut missing) = (0_u64, 0_u64, 0_u64);
    let mut notes = notes(&job, &questions);
    for found in entries {
        match found {
            Ok(entry) => {
                files += 1;
                bytes += entry.size;
                missing += u64::from(entry.line > 0 && entry.modified_ns == 0);
            }
            Err(fault) if fault.is_end => return Err(Failure::new(WRONG_INPUT, fault)),
            Err(fault) => notes.push(fault.to_string()),
        }
    }
    let provider = match &job.provider.endpoint {
        Endpoint::Remote { base_url } => base_url.clone(),
        Endpoint::Simulator(_) => "the built-in simulator".into(),
    };
    let tasks: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
    outln!("{}: ok", job.name);
    let place = match &job.input.place {
        Place::Folder(path) | Place::List(path) => path.display().to_string(),
        Place::Given(_) => "standard input".into(),
    };
    outln!("  input     {} files, {} bytes in {place}", grouped(files), grouped(bytes));
    if missing > 0 {
        outln!("  missing   {} files of the list", grouped(missing));
    }
    outln!("  provider  {provider}, {}", job.provider.model);
    outln!("  tasks     {}", tasks.join(", "));
    outln!("  store     {}", job.store.display());
    if files == 0 {
        notes.push("there is no page in the input".into());
    }
    for note in notes {
        outln!("  note: {note}");
    }
    Ok(0)
}

/// What is allowed, but may not be meant.
fn notes(job: &Job, questions: &[Question]) -> Vec<String> {
    let mut notes = Vec::new();
    if job.image.rule == ImageRule::Unknown {
        let model = &job.provider.model;
        notes.push(format!("how `{model}` counts images is not known: sent at most {} pixels a side, without `detail`; image.rule names a rule", job.image.max_side.unwrap_or(0)));
    }
    if job.provider.price.is_none() {
        notes.push("the price is unknown: costs will be shown as unknown; set provider.price (0 for free)".into());
    }
    let names_column = |task: &Task| match &task.kind {
        TaskKind::Question { text, .. } => text.contains('{'),
        TaskKind::Classify { question, .. } | TaskKind::Tag { question, .. } | TaskKind::Extract { question, .. } => {
            question.as_ref().is_some_and(|text| text.contains('{'))
        }
    };
    if matches!(job.input.place, Place::Folder(_)) && job.tasks.iter().any(names_column) {
        notes.push(
            "a question holds `{`: only a list's columns are put into questions, here it is sent as it is".into(),
        );
    }
    let a4 = |size| target_size((2480, 3508), &Image { size, ..job.image });
    let cost = |(width, height)| job.image.rule.tokens(width, height, job.image.detail);
    if let (Size::Economy, Some(tokens)) = (job.image.size, cost(a4(Size::Economy)))
        && Some(tokens) == cost(a4(Size::Standard))
    {
        notes.push(format!(
            "`economy` costs {} tokens for an A4 page, as `standard` does: lower image.min_side",
            grouped(tokens)
        ));
    }
    if let Some(ModelFacts { context: Some(context), reasons, .. }) = model_facts(&job.provider.model) {
        let words = Footprint::measure(&questions.iter().collect::<Vec<_>>(), ReplyFormat::Schema, *reasons);
        let room = job.request.max_tokens.unwrap_or_else(|| words.max_reply_tokens());
        let needed = words.text + cost(a4(job.image.size)).unwrap_or(0) + u64::from(room);
        if needed > *context {
            notes.push(format!(
                "an A4 page needs {} tokens with its questions and the reply, and the model takes {}",
                grouped(needed),
                grouped(*context)
            ));
        }
    }
    if job.batch.is_given && !job.is_batch {
        notes.push("`batch` is set, but `delivery: batch` is not: requests are sent at once, at the full price".into());
    }
    for name in env::missing_secrets(job) {
        notes.push(format!("the environment variable {name} is not set"));
    }
    let provider = &job.provider;
    if let Endpoint::Remote { base_url } = &provider.endpoint
        && let Err(fault) = env::client_options(job, base_url)
    {
        notes.push(fault);
    }
    if let (Endpoint::Remote { base_url }, true) =
        (&provider.endpoint, provider.api_key_env.is_some() || provider.api_key_file.is_some())
        && base_url.starts_with("http://")
        && !base_url.contains("//127.")
        && !base_url.contains("//localhost")
    {
        notes.push("the key is sent without encryption: the base URL is not https".into());
    }
    let output = &job.output;
    if output.csv.is_none() && output.parquet.is_none() && output.jsonl.is_none() {
        notes.push("there is no output: rows stay in the store until `docmill export`".into());
    }
    notes
}
