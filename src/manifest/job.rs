//! A whole manifest: raw -> [`Job`].

use super::faults::{Fault, Faults};
use super::sections::delivery::{Batches, RawBatch, RawDelivery};
use super::sections::image::{Image, RawImage};
use super::sections::input::{Input, Place, RawInput};
use super::sections::limits::{Limits, RawLimits};
use super::sections::output::{Output, RawOutput};
use super::sections::policy::{OnError, RawOnError, RawRetry, Retry};
use super::sections::provider::{Provider, RawProvider};
use super::sections::request::{RawRequest, Request};
use super::sections::tasks::{RawTask, Task};
use super::yaml::ordered::Ordered;
use super::yaml::typed;
use super::yaml::typed::Places;
use super::yaml::{interpolate, node};
use crate::base::digest::Digest;
use crate::catalog::Price;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// One docmill job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawJob {
    /// Version of the manifest format: 1.
    #[schemars(range(min = 1, max = 1))]
    #[expect(dead_code, reason = "its range is checked with the types")]
    version: u32,
    /// Name of the job: with its input, its identity in the store.
    name: String,
    /// The pages.
    input: RawInput,
    /// Who answers.
    provider: RawProvider,
    /// Sampling and size of a request.
    #[serde(default)]
    request: RawRequest,
    /// How a page is sent.
    #[serde(default)]
    image: RawImage,
    /// What is asked of every page, by name; each is a column of the rows.
    tasks: Ordered<RawTask>,
    /// How fast, how much at a time, how much money.
    #[serde(default)]
    limits: RawLimits,
    /// `now` (default), or `batch`: by the provider's Batch API, within a day, for half the price.
    #[serde(default)]
    delivery: RawDelivery,
    /// Bounds of batches.
    #[serde(default)]
    batch: RawBatch,
    /// When an attempt fails.
    #[serde(default)]
    retry: RawRetry,
    /// When pages fail.
    #[serde(default)]
    on_error: RawOnError,
    /// The store's file (default `.docmill/store.db` beside the manifest).
    store: Option<String>,
    /// Where the rows go.
    #[serde(default)]
    output: RawOutput,
}

/// A checked, complete manifest. Paths are absolute or relative to the working folder.
#[derive(Clone, Debug)]
pub struct Job {
    /// The job's name.
    pub name: String,
    /// The manifest's file.
    pub path: PathBuf,
    /// The manifest as written, before variables: what the store keeps.
    pub source: String,
    /// The pages.
    pub input: Input,
    /// Who answers.
    pub provider: Provider,
    /// Sampling and size of a request.
    pub request: Request,
    /// How a page is sent.
    pub image: Image,
    /// What is asked, in manifest order.
    pub tasks: Vec<Task>,
    /// Rates, concurrency, money.
    pub limits: Limits,
    /// Whether requests are delivered in the provider's batches.
    pub is_batch: bool,
    /// Bounds of batches, and how those are looked at that an earlier run has left.
    pub batch: Batches,
    /// When an attempt fails.
    pub retry: Retry,
    /// When pages fail.
    pub on_error: OnError,
    /// The store's file.
    pub store: PathBuf,
    /// Where the rows go.
    pub output: Output,
}

impl Job {
    /// The job's identity: its name and its resolved input.
    #[must_use]
    pub fn identity(&self) -> Digest {
        let resolved = |path: &Path| {
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| normalised(path));
            path.to_string_lossy().into_owned()
        };
        Digest::compute_json(&match &self.input.place {
            Place::Folder(folder) => serde_json::json!({
                "name": self.name,
                "folder": resolved(folder),
                "include": self.input.include,
                "exclude": self.input.exclude,
            }),
            Place::List(list) => serde_json::json!({"name": self.name, "list": resolved(list)}),
            Place::Given(_) => serde_json::json!({"name": self.name, "list": "-"}),
        })
    }

    /// The price that its requests are billed at; `None` is unknown, which is not free.
    #[must_use]
    pub fn price(&self) -> Option<Price> {
        if self.is_batch { self.provider.batch_price } else { self.provider.price }
    }

    /// The digest of the manifest as written.
    #[must_use]
    pub fn manifest_hash(&self) -> Digest {
        Digest::compute(self.source.as_bytes())
    }
}

/// Looks a variable up: `--var` first, then the environment.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a manifest can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file can't be read.
    #[error("can't read the manifest {}", path.display())]
    Read {
        /// The manifest's path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that is not allowed.
    #[error("{0}")]
    Faults(Faults),
}

/// The JSON Schema of manifests, for editors: `schemas/job.schema.json`.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(RawJob).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".into(), "docmill job".into());
    }
    schema
}

/// Reads and checks the manifest at `path`.
///
/// # Errors
/// When the file can't be read, and with every fault in it otherwise.
pub fn load(path: &Path, variables: Variables<'_>) -> Result<Job, ManifestError> {
    let source =
        std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
    check(path, &source, variables)
}

/// Checks the text of a manifest, as if it had been read from `path`.
///
/// # Errors
/// With every fault in it.
pub fn check(path: &Path, source: &str, variables: Variables<'_>) -> Result<Job, ManifestError> {
    parse(path, source, variables)
        .map_err(|faults| ManifestError::Faults(Faults::new(path.display().to_string(), source.to_owned(), faults)))
}

/// Largest file that a manifest may be or name, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// Reads a regular file of reasonable size.
pub(crate) fn read_small(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("not a file"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(std::io::Error::other(format!("larger than {} MB", MOST_BYTES >> 20)));
    }
    std::fs::read(path)
}

fn parse(path: &Path, source: &str, variables: Variables<'_>) -> Result<Job, Vec<Fault>> {
    let mut root = node::parse(source)?;
    let mut faults = Vec::new();
    interpolate::apply(&mut root, variables, &mut faults);
    let typed = typed::apply(&root, &json_schema());
    // A variable that is not set is one fault, not two.
    let is_new = |fault: &Fault| faults.iter().all(|known| known.span != fault.span);
    let further: Vec<Fault> = typed.faults.into_iter().filter(is_new).collect();
    faults.extend(further);
    let raw: RawJob = match serde_json::from_value(typed.value) {
        Ok(raw) => raw,
        Err(error) if faults.is_empty() => {
            return Err(vec![Fault::new(0..0, format!("can't be read: {error}"), None)]);
        }
        Err(_) => return Err(faults),
    };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut check = Check { places: &typed.places, broken: &typed.broken, faults, folder };
    let job = assemble(raw, path, source, &mut check);
    if check.faults.is_empty() { Ok(job) } else { Err(check.faults) }
}

/// Room that a reply is given at least when `max_tokens` is left out.
const LEAST_ROOM: u32 = 100;

fn assemble(raw: RawJob, path: &Path, source: &str, check: &mut Check<'_>) -> Job {
    if raw.name.trim().is_empty() {
        check.fault("/name", "the name is empty", "a short name such as `office-mail`");
    }
    let store = raw.store.unwrap_or_else(|| ".docmill/store.db".into());
    let limits = raw.limits.check(check);
    let provider = raw.provider.check(check);
    let request = raw.request.check(provider.host(), check);
    let retry = raw.retry.check(request.timeouts.attempt, check);
    let is_batch = raw.delivery == RawDelivery::Batch;
    let batch = raw.batch.check(check);
    if is_batch && request.stream {
        check.fault("/request/stream", "a batch has no streams", "false, or delivery: now");
    }
    let room = request.max_tokens.unwrap_or(LEAST_ROOM);
    if limits.tokens_per_minute.is_some_and(|limit| limit < u64::from(room)) {
        check.fault(
            "/limits/tokens_per_minute",
            "the limit is below what one reply may use",
            &format!("at least request.max_tokens ({room})"),
        );
    }
    if limits.budget.is_some() && provider.price.is_none() {
        check.fault(
            "/limits/budget_usd",
            "a budget needs a price, and the price of this model is unknown",
            "provider.price: {input: …, output: …} in USD per million tokens; 0 for free",
        );
    }
    let job = Job {
        name: raw.name,
        path: path.to_owned(),
        source: source.to_owned(),
        input: raw.input.check(check),
        image: raw.image.check(&provider.model, check),
        tasks: super::sections::tasks::check(raw.tasks, check),
        provider,
        request,
        limits,
        is_batch,
        batch,
        retry,
        on_error: raw.on_error.check(check),
        store: check.path(&store),
        output: raw.output.check(check),
    };
    check_outputs(&job, check);
    job
}

/// An output in the place of an input would destroy it.
fn check_outputs(job: &Job, check: &mut Check<'_>) {
    let same = |path: &Path| normalised(path);
    let mut taken = vec![(same(&job.path), "the manifest"), (same(&job.store), "the store")];
    for ending in ["-wal", "-shm"] {
        let mut name = job.store.clone().into_os_string();
        name.push(ending);
        taken.push((same(Path::new(&name)), "the store"));
    }
    if let Place::List(list) = &job.input.place {
        taken.push((same(list), "the list"));
    }
    let files = [(&job.provider.api_key_file, "the key"), (&job.provider.ca_file, "the certificates")];
    taken.extend(files.iter().filter_map(|(file, what)| Some((same(file.as_deref()?), *what))));
    for task in &job.tasks {
        if let super::sections::tasks::TaskKind::Extract { schema_path, .. } = &task.kind {
            taken.push((same(schema_path), "a schema"));
        }
    }
    let output = &job.output;
    let named =
        [("csv", &output.csv), ("parquet", &output.parquet), ("jsonl", &output.jsonl), ("report", &output.report)];
    for (key, path) in named {
        let Some(path) = path else { continue };
        let place = format!("/output/{key}");
        let path = same(path);
        if let Some((_, what)) = taken.iter().find(|(known, _)| *known == path) {
            check.fault(&place, &format!("this is {what}"), "a file of its own");
        }
        if path.is_dir() {
            check.fault(&place, "this is a folder", "a file");
        }
        let is_below = matches!(&job.input.place, Place::Folder(folder) if path.starts_with(same(folder)));
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if is_below && !["csv", "parquet", "jsonl", "json"].contains(&ending.as_str()) {
            check.fault(&place, "this is among the pages of the input", "a place outside input.folder");
        }
        taken.push((path, "another output"));
    }
}

/// An absolute path without `.` and `..`, to compare with others.
fn normalised(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out = PathBuf::new();
    for part in absolute.components() {
        match part {
            std::path::Component::ParentDir => _ = out.pop(),
            part => out.push(part),
        }
    }
    out
}

/// What the sections need to report a fault at its place.
pub(crate) struct Check<'a> {
    places: &'a Places,
    broken: &'a HashSet<String>,
    faults: Vec<Fault>,
    folder: PathBuf,
}

impl Check<'_> {
    /// Reports a fault of the value at `pointer`, unless its type was wrong already.
    pub(crate) fn fault(&mut self, pointer: &str, message: &str, allowed: &str) {
        let mut place = pointer;
        if self.broken.contains(place) {
            return;
        }
        let span = loop {
            match (self.places.get(place), place.rfind('/')) {
                (Some(span), _) => break span.clone(),
                (None, Some(cut)) => place = &place[..cut],
                (None, None) => break 0..0,
            }
        };
        let allowed = (!allowed.is_empty()).then(|| allowed.to_owned());
        self.faults.push(Fault::new(span, message, allowed));
    }

    /// As [`Check::fault`], of a value that may be a secret: it is not shown.
    pub(crate) fn secret_fault(&mut self, pointer: &str, message: &str, allowed: &str) {
        let known = self.faults.len();
        self.fault(pointer, message, allowed);
        self.faults.iter_mut().skip(known).for_each(|fault| fault.is_secret = true);
    }

    /// Parses the text at `pointer`; a fault and `None` when it is wrong.
    pub(crate) fn parsed<T>(
        &mut self,
        pointer: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(text?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(pointer, &message, "");
                None
            }
        }
    }

    /// A path of the manifest, which is relative to the manifest's folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

#[cfg(test)]
mod tests;
