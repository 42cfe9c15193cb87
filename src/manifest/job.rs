//! A checked, complete manifest.

use super::paths::normalize;
use super::sections::delivery::BatchBounds;
use super::sections::image::{Image, ImageIntent};
use super::sections::input::{Input, Place};
use super::sections::limits::Limits;
use super::sections::on_error::OnError;
use super::sections::output::Output;
use super::sections::pages::PageChoice;
use super::sections::provider::Provider;
use super::sections::request::Request;
use super::sections::retry::Retry;
use super::sections::tasks::{Task, TaskKind};
use super::settings::Settings;
use super::yaml::typed::{Positions, nearest_position};
use crate::base::digest::Digest;
use crate::catalog::{PriceTable, RequestPrice, ServiceTier};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Maximum number of runs of one job that read standard input at once, in addition to the first.
const MAX_SLOTS: u32 = 255;

/// A checked, complete manifest. Paths are absolute or relative to the working folder.
#[derive(Clone, Debug)]
pub struct Job {
    /// Name of the job.
    pub name: String,
    /// Path of the manifest.
    pub path: PathBuf,
    /// Text of the manifest, before variables are replaced.
    pub source: String,
    /// Where its values are.
    pub(crate) positions: Positions,
    /// What the store keeps of it: the same without secrets.
    pub stored_source: String,
    /// What the store keeps of the settings of a run.
    pub(crate) settings: Settings,
    /// Which files and pages are processed.
    pub input: Input,
    /// Endpoint, key, model and price.
    pub provider: Provider,
    /// Sampling, reply size and timeouts of a request.
    pub request: Request,
    /// How a page is sent.
    pub image: Image,
    /// What recipes hold of the image rule.
    pub image_intent: ImageIntent,
    /// Questions about every page, in the order of the manifest.
    pub tasks: Vec<Task>,
    /// Files with labels of tasks.
    pub label_files: Vec<PathBuf>,
    /// What is valid, but probably not meant, one sentence each.
    pub warnings: Vec<String>,
    /// Rates, concurrency, budget and run time.
    pub limits: Limits,
    /// Whether requests are sent through the provider's Batch API.
    pub is_batch: bool,
    /// Bounds of batches. Used even without `is_batch`, for batches of an earlier run.
    pub batch: BatchBounds,
    /// What happens after a failed attempt.
    pub retry: Retry,
    /// How many failed pages a run accepts.
    pub on_error: OnError,
    /// File of the store.
    pub store: PathBuf,
    /// Where rows and the report are written.
    pub output: Output,
}

impl Job {
    /// The position of the value at this JSON Pointer, or of its closest parent: a byte range of the source.
    pub(crate) fn position(&self, pointer: &str) -> Range<usize> {
        nearest_position(&self.positions, pointer)
    }

    /// Identity of the job in the store: its name, its input with resolved paths, and the pages that it
    /// selects.
    #[must_use]
    pub fn identity(&self) -> Digest {
        self.identity_of(0, &self.input.pages)
    }

    /// Further identities of a job that reads its list from standard input, for runs at the same time:
    /// their lists are not the same. Other jobs have none.
    pub fn slots(&self) -> impl Iterator<Item = Digest> {
        let count = if matches!(self.input.place, Place::Given(_)) { MAX_SLOTS } else { 0 };
        (1..=count).map(|slot| self.identity_of(slot, &self.input.pages))
    }

    /// The identity that earlier versions gave the job, if it was another: it did not depend on
    /// `input.pages`.
    #[must_use]
    pub fn former_identity(&self) -> Option<Digest> {
        (self.input.pages != PageChoice::All).then(|| self.identity_of(0, &PageChoice::All))
    }

    fn identity_of(&self, slot: u32, pages: &PageChoice) -> Digest {
        let resolved = |path: &Path| {
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| normalize(path));
            path.to_string_lossy().into_owned()
        };
        let mut identity = match &self.input.place {
            Place::Folder(folder) => serde_json::json!({
                "name": self.name,
                "folder": resolved(folder),
                "include": self.input.include,
                "exclude": self.input.exclude,
            }),
            Place::List(list) => serde_json::json!({"name": self.name, "list": resolved(list)}),
            Place::Given(_) => serde_json::json!({"name": self.name, "list": "-"}),
        };
        // Members that stores of earlier versions do not have are only there where they matter.
        if let PageChoice::Numbers(numbers) = pages {
            let mut numbers = numbers.clone();
            numbers.sort_unstable();
            numbers.dedup();
            identity["pages"] = serde_json::json!(numbers);
        }
        if slot > 0 {
            identity["slot"] = serde_json::json!(slot);
        }
        Digest::compute_json(&identity)
    }

    /// Price at which the requests of this job are billed. `None` means unknown, not free.
    #[must_use]
    pub fn price(&self) -> Option<PriceTable> {
        if self.is_batch { self.provider.batch_price } else { self.provider.price }
    }

    /// The price of requests of this job that are sent at `at_ms`, in milliseconds since 1970.
    #[must_use]
    pub fn price_at(&self, at_ms: i64) -> Option<RequestPrice> {
        Some(RequestPrice { table: self.price()?, tier: self.service_tier(), sent_ms: at_ms })
    }

    /// The service tier that requests ask for. Batches have none.
    #[must_use]
    pub fn service_tier(&self) -> ServiceTier {
        if self.is_batch { ServiceTier::Standard } else { ServiceTier::requested(&self.request.extra) }
    }

    /// Digest of the text of the manifest.
    #[must_use]
    pub fn manifest_hash(&self) -> Digest {
        Digest::compute(self.source.as_bytes())
    }

    /// Files that the job reads, apart from pages and the store, each with its description in
    /// messages.
    pub(crate) fn used_files(&self) -> Vec<(PathBuf, &'static str)> {
        let mut files = vec![(self.path.clone(), "the manifest")];
        if let Place::List(list) = &self.input.place {
            files.push((list.clone(), "the list"));
        }
        files.extend(self.provider.api_key_file.iter().map(|file| (file.clone(), "the file with the API key")));
        files.extend(self.provider.ca_file.iter().map(|file| (file.clone(), "the file with certificates")));
        files.extend(self.label_files.iter().map(|file| (file.clone(), "the labels of a task")));
        files.extend(self.tasks.iter().filter_map(|task| match &task.kind {
            TaskKind::Extract { schema_path, .. } => Some((schema_path.clone(), "the schema of a task")),
            _ => None,
        }));
        files
    }
}
