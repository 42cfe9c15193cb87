//! Checks a job before anything is sent: the content of its input, and settings that may be unintended.

use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use super::job::Job;
use super::output_limit::output_limit_warning;
use super::rejected_settings::rejected_settings;
use super::renderer::check_renderer;
use super::retirement::retirement_warning;
use super::secrets::{client_options, missing_secrets, proxy_for};
use super::stated_price::price_warnings;
use crate::base::mask::mask_url;
use crate::base::trusted_roots::NO_ROOTS_HINT;
use crate::base::units::grouped;
use crate::catalog::{ImageRule, ModelFacts, model_facts};
use crate::export::check_output_space;
use crate::manifest::{self, Endpoint, Header, Image, Place, Size, Task, TaskKind};
use crate::pipeline::{PipelineError, check_outputs_of, endpoint_capabilities, endpoint_id};
use crate::prepare::target_size;
use crate::provider::{Capabilities, FormSize, HttpClient};
use crate::source::{Entries, check_https};
use crate::store::ReadStore;
use crate::task::Question;

/// What a check of a job found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCheck {
    /// Files in the input.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Files of the list that do not exist.
    pub missing: u64,
    /// Where the input is: a folder, a list, standard input.
    pub input: String,
    /// The base URL of the provider, or the built-in simulator.
    pub provider: String,
    /// The names of the tasks.
    pub tasks: Vec<String>,
    /// Settings that are valid but may be unintended.
    pub notes: Vec<String>,
}

/// Checks a job. `now_ms`: wall time in milliseconds since 1970.
///
/// # Errors
/// When the input can't be searched, an output can't be written, the store can't be read, or a proxy can't be used.
pub(crate) fn check_job(job: &Job, environment: &Environment, now_ms: i64) -> Result<JobCheck, Error> {
    let Job { manifest, questions, .. } = job;
    let (mut files, mut bytes, mut missing) = (0_u64, 0_u64, 0_u64);
    check_renderer(manifest.image.pdf_renderer, environment)?;
    job.check_outputs(&[])?;
    check_outputs_of(manifest, true)?;
    if let Endpoint::Remote { base_url } = &manifest.provider.endpoint {
        proxy_for(base_url, environment).map_err(|fault| Error::new(WRONG_INPUT, fault))?;
    }
    let capabilities = known_capabilities(manifest)?;
    let mut notes = notes_on(manifest, questions, capabilities, environment, now_ms);
    notes.extend(retirement_warning(manifest, now_ms));
    notes.extend(output_limit_warning(job, capabilities));
    let mut entries = Entries::start(&manifest.input)?;
    let mut has_https = false;
    for found in entries.by_ref() {
        match found {
            Ok(entry) => {
                files += 1;
                bytes += entry.size;
                missing += u64::from(entry.line > 0 && entry.modified_ns == 0);
                has_https |= entry.is_https();
            }
            Err(fault) if fault.is_end => return Err(Error::new(WRONG_INPUT, fault)),
            Err(fault) => notes.push(fault.to_string()),
        }
    }
    check_output_space(&manifest.output, files).map_err(PipelineError::from)?;
    if let Some(fault) = has_https.then(check_https).and_then(Result::err) {
        notes.push(format!("https URLs of the list can't be fetched: {fault}: {NO_ROOTS_HINT}"));
    }
    if files == 0 {
        notes.push(match manifest.input.place {
            Place::Folder(_) => entries.left_out().explain_none(!manifest.input.include.is_empty()),
            Place::List(_) | Place::Given(_) => "the list is empty".into(),
        });
    }
    Ok(JobCheck {
        files,
        bytes,
        missing,
        input: match &manifest.input.place {
            Place::Folder(path) | Place::List(path) => path.display().to_string(),
            Place::Given(_) => "standard input".into(),
        },
        provider: match &manifest.provider.endpoint {
            Endpoint::Remote { base_url } => format!("{}{}", mask_url(base_url), manifest.provider.query.shown()),
            Endpoint::Simulator(_) => "the built-in simulator".into(),
        },
        tasks: questions.iter().map(|question| question.name.clone()).collect(),
        notes,
    })
}

/// Whether requests carry a secret.
fn has_secret(provider: &manifest::Provider) -> bool {
    provider.api_key_env.is_some()
        || provider.api_key_file.is_some()
        || !provider.query.secret.is_empty()
        || provider.headers.iter().any(|(_, value)| matches!(value, Header::Env(_)))
}

/// What the endpoint accepts, with its data in the store, if there is one.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn known_capabilities(job: &manifest::Job) -> Result<Capabilities, Error> {
    let reader = ReadStore::open_if_exists(&job.store)?.map(|store| store.reader()).transpose()?;
    let stored = reader.map(|reader| reader.capabilities(&endpoint_id(job))).transpose()?.flatten();
    Ok(endpoint_capabilities(job, stored.as_deref())?)
}

/// Settings that are valid but may be unintended.
fn notes_on(
    job: &manifest::Job,
    questions: &[Question],
    capabilities: Capabilities,
    environment: &Environment,
    now_ms: i64,
) -> Vec<String> {
    let mut notes = job.warnings.clone();
    if job.image.rule == ImageRule::Unknown {
        let model = &job.provider.model;
        notes.push(format!("the image rule of `{model}` is unknown: images are sent with at most {} pixels per side and without `detail`; set image.rule", job.image.max_side.unwrap_or(0)));
    }
    notes.extend(price_warnings(job, now_ms));
    notes.extend(rejected_settings(job));
    if job.provider.price.is_none() {
        notes.push("the price is unknown, so costs are shown as unknown; set provider.price (0 for free)".into());
    }
    let names_column = |task: &Task| match &task.kind {
        TaskKind::Question { text, .. } => text.contains('{'),
        TaskKind::Classify { question, .. } | TaskKind::Tag { question, .. } | TaskKind::Extract { question, .. } => {
            question.as_ref().is_some_and(|text| text.contains('{'))
        }
    };
    if matches!(job.input.place, Place::Folder(_)) && job.tasks.iter().any(names_column) {
        notes.push(
            "a question contains `{`: only columns of a list are inserted into questions, so it is sent unchanged"
                .into(),
        );
    }
    let a4 = |size| target_size((2480, 3508), &Image { size, ..job.image });
    let cost = |(width, height)| job.image.rule.tokens(width, height, job.image.detail);
    if let (Size::Economy, Some(tokens)) = (job.image.size, cost(a4(Size::Economy)))
        && Some(tokens) == cost(a4(Size::Standard))
    {
        notes.push(format!(
            "`economy` costs {} tokens per A4 page, the same as `standard`: lower image.min_side",
            grouped(tokens)
        ));
    }
    if let Some(facts @ ModelFacts { context: Some(context), .. }) = model_facts(&job.provider.model) {
        let asked: Vec<&Question> = questions.iter().collect();
        let form = FormSize::for_request(&asked, &job.request, Some(facts), capabilities, false);
        let needed = form.footprint.text + cost(a4(job.image.size)).unwrap_or(0) + u64::from(form.max_reply_tokens);
        if needed > *context {
            notes.push(format!(
                "an A4 page needs {} tokens with its questions and the reply, more than the model accepts: {}",
                grouped(needed),
                grouped(*context)
            ));
        }
    }
    if job.batch.is_given && !job.is_batch {
        notes.push("`batch` is set, but `delivery: batch` is not: requests are sent at once, at full price".into());
    }
    notes.extend(missing_secrets(job, environment));
    let provider = &job.provider;
    if let Endpoint::Remote { base_url } = &provider.endpoint {
        let client = client_options(job, environment, base_url)
            .and_then(|options| HttpClient::new(options).map_err(|error| error.to_string()));
        if let Err(fault) = client.and_then(|client| client.check_tls()) {
            notes.push(fault);
        }
    }
    if let Endpoint::Remote { base_url } = &provider.endpoint
        && has_secret(provider)
        && base_url.starts_with("http://")
        && !base_url.contains("//127.")
        && !base_url.contains("//localhost")
    {
        notes.push("the key is sent unencrypted: the base URL is not https".into());
    }
    let output = &job.output;
    if output.csv.is_none() && output.parquet.is_none() && output.jsonl.is_none() {
        notes.push("no output is set: rows stay in the store until `docmill export`".into());
    }
    notes
}
