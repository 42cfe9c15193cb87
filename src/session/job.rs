//! A job: a manifest that was loaded and checked, with its tasks compiled.

use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use super::list_faults::{list_error, same_name_error, task_error};
use super::overwriting::{WrittenContent, WrittenFile, find_overwritten, part_of_outputs};
use super::sharding;
use crate::base::file_identity::real_path;
use crate::base::mask::mask_secrets;
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::base::sibling::is_beside_database;
use crate::export::{ColumnFault, RowSpec, column_faults};
use crate::manifest::{self, Collision, Column, Fault, OtherModel, Output, Place, ProtectedFiles};
use crate::pipeline::RowSelection;
use crate::select::Filter;
use crate::source::{ListColumns, list_columns};
use crate::store::{BaseStore, ReadStore, StoreError};
use crate::task::{Question, compile, find_uncarried};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to do about a path that is in use.
const OTHER_PATH: &str = "name a path that nothing else uses";

/// A job: a manifest that was loaded and checked, with its tasks compiled.
#[derive(Clone, Debug)]
pub struct Job {
    pub(crate) manifest: manifest::Job,
    pub(crate) questions: Arc<[Question]>,
    /// The store of the manifest, whatever store is used.
    pub(crate) own_store: PathBuf,
}

/// What an export writes: paths of outputs that replace those of the manifest, if one is given.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The CSV file.
    pub csv: Option<PathBuf>,
    /// The Parquet file.
    pub parquet: Option<PathBuf>,
    /// The JSON Lines file.
    pub jsonl: Option<PathBuf>,
    /// Whether rows show only the model's answers, even where a human answer exists. A path has to be given then.
    pub model_only: bool,
    /// Only rows that match. A path has to be given then.
    pub filter: Option<Filter>,
    /// Only a sample of this many of these pages: the same ones every time, each once. A path has to be given then.
    pub sample: Option<u64>,
}

impl Outputs {
    /// The option that makes other rows than those of the manifest's outputs; `None`: they are the same.
    pub(crate) fn other_rows(&self) -> Option<(&'static str, &'static str)> {
        let options = [
            (self.filter.is_some(), "--where", "a part of the rows"),
            (self.sample.is_some(), "--sample", "a part of the rows"),
            (self.model_only, "--model-only", "rows without human answers"),
        ];
        options.into_iter().find(|(is_given, ..)| *is_given).map(|(_, option, what)| (option, what))
    }

    /// Which rows are written.
    pub(crate) fn selection(&self) -> RowSelection<'_> {
        let Self { model_only, filter, sample, .. } = self;
        RowSelection { model_only: *model_only, filter: filter.as_ref(), only_unusable: false, sample: *sample }
    }
}

impl Job {
    /// Loads a manifest. `${NAME}` in it is replaced by the value of `variables`, else of the
    /// environment.
    ///
    /// # Errors
    /// When the manifest can't be read, has a fault, or does not use one of `variables`.
    pub fn load(
        manifest: impl AsRef<Path>,
        variables: &[(String, String)],
        environment: &Environment,
    ) -> Result<Self, Error> {
        Self::load_with(manifest.as_ref(), variables, environment, None)
    }

    /// As [`Job::load`], with another model. The price and the revision that the manifest states are those of its
    /// own model, so they do not count: that of another model is `price`, in USD per million tokens of prompts and of
    /// replies, or else of the built-in list. It may be unknown, even if there is a budget.
    ///
    /// # Errors
    /// As [`Job::load`].
    pub fn load_with_model(
        manifest: impl AsRef<Path>,
        variables: &[(String, String)],
        environment: &Environment,
        model: &str,
        price: Option<(f64, f64)>,
    ) -> Result<Self, Error> {
        Self::load_with(manifest.as_ref(), variables, environment, Some(OtherModel { name: model, price }))
    }

    fn load_with(
        manifest: &Path,
        variables: &[(String, String)],
        environment: &Environment,
        model: Option<OtherModel<'_>>,
    ) -> Result<Self, Error> {
        let given: HashMap<&str, &str> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let used = RefCell::new(HashSet::new());
        let lookup = |name: &str| {
            used.borrow_mut().insert(name.to_owned());
            given.get(name).map(|value| (*value).to_owned()).or_else(|| environment.variable(name))
        };
        let manifest = match model {
            Some(model) => manifest::load_with_model(manifest, model, &lookup)?,
            None => manifest::load(manifest, &lookup)?,
        };
        // A variable that the manifest does not use is most likely misspelled.
        if let Some(name) = given.keys().filter(|name| !used.borrow().contains(**name)).min() {
            // If name and value are swapped, the name may be a key.
            let name = mask_secrets(name);
            let message = format!("--var {name}: the manifest does not use ${{{name}}}");
            return Err(Error::new(WRONG_INPUT, message).with_hint("variables are written ${NAME} in the manifest"));
        }
        let ListColumns { carried: columns, uncarried } =
            list_columns(&manifest.input).map_err(|error| list_error(&manifest, error))?;
        let clash = columns.iter().find(|column| manifest.tasks.iter().any(|task| task.name == column.name));
        if let Some(column) = clash {
            return Err(same_name_error(&manifest, &column.name));
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let defects = find_uncarried(&manifest.tasks, &uncarried);
        let compiled = if defects.is_empty() { compile(&manifest.tasks, &names) } else { Err(defects) };
        let questions = compiled.map_err(|defects| task_error(&manifest, &defects))?;
        check_columns(&manifest, columns, &questions)?;
        Ok(Self { own_store: manifest.store.clone(), manifest, questions: questions.into() })
    }

    /// The same with another store.
    #[must_use]
    pub fn with_store(mut self, store: impl Into<PathBuf>) -> Self {
        self.manifest.store = store.into();
        self
    }

    /// The same with a base in place of its store, to plan a run that has no store yet.
    ///
    /// # Errors
    /// When the base was written by another version.
    pub fn with_base(self, base: &Path) -> Result<Self, Error> {
        BaseStore::check_version(base)?;
        Ok(self.with_store(base))
    }

    /// The same with a key from this file, which overrides the manifest. It may be a descriptor such as
    /// `/proc/self/fd/3`.
    #[must_use]
    pub fn with_key_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.manifest.provider.api_key_env = None;
        self.manifest.provider.api_key_file = Some(file.into());
        self
    }

    /// The job as one shard of its input: only the files whose paths are in it, part files instead of outputs, and
    /// the shard's part of the limits. `parallel`: how many shards run at the same time, by default all.
    /// `keeps_store`: the store is one for this shard. Otherwise the shard gets its own store beside the job's.
    ///
    /// # Errors
    /// When a rate or the concurrency of the manifest can't be divided among this many shards.
    pub fn with_shard(mut self, shard: Shard, parallel: Option<u32>, keeps_store: bool) -> Result<Self, Error> {
        sharding::divide(&mut self.manifest, shard, parallel)?;
        if !keeps_store {
            self.manifest.store = shard.part_path(&self.manifest.store);
        }
        Ok(self)
    }

    /// The job as the shard that its store belongs to, if it does.
    ///
    /// # Errors
    /// As [`Job::with_shard`].
    pub fn of_stored_shard(self) -> Result<Self, Error> {
        match ReadStore::shard_of(&self.manifest.store) {
            Some(shard) => self.with_shard(shard, Some(1), true),
            None => Ok(self),
        }
    }

    /// The shard of the input that the job is; `None`: all of it.
    #[must_use]
    pub fn shard(&self) -> Option<Shard> {
        self.manifest.input.shard
    }

    /// The same with another budget, in US dollars as decimal text. It overrides `limits.budget_usd`.
    ///
    /// # Errors
    /// When it is not an amount of money, or the price of the model is unknown.
    pub fn with_budget(mut self, usd: &str) -> Result<Self, Error> {
        let budget = Pico::from_usd(usd).map_err(|error| Error::new(WRONG_INPUT, format!("--budget-usd: {error}")))?;
        if self.manifest.provider.price.is_none() {
            return Err(Error::new(WRONG_INPUT, "--budget-usd: the price of this model is unknown")
                .with_hint("set provider.price; 0 for free"));
        }
        self.manifest.limits.budget = Some(budget);
        let shown = usd.trim().parse::<f64>().map_or_else(|_| usd.into(), Into::into);
        self.manifest.settings.set("limits", "budget_usd", shown);
        Ok(self)
    }

    /// The same with a budget, if it has one, of which this amount in US dollars is spent but in no store. Of a shard
    /// it is its part of the budget that becomes smaller, below 0 if more is lost: a run adds what its store holds of
    /// it.
    ///
    /// # Errors
    /// When it is not an amount of money.
    pub fn with_lost_spend(mut self, usd: &str) -> Result<Self, Error> {
        let lost = Pico::from_usd(usd).map_err(|error| Error::new(WRONG_INPUT, format!("--lost-usd: {error}")))?;
        let budget = &mut self.manifest.limits.budget;
        *budget = budget.map(|budget| budget - lost);
        Ok(self)
    }

    /// Whether the price of the model is known.
    #[must_use]
    pub fn has_price(&self) -> bool {
        self.manifest.price().is_some()
    }

    /// Whether the manifest names a file for rows.
    #[must_use]
    pub fn has_row_outputs(&self) -> bool {
        let output = &self.manifest.output;
        [&output.csv, &output.parquet, &output.jsonl].iter().any(|path| path.is_some())
    }

    /// The files of rows that the manifest names.
    pub fn row_outputs(&self) -> impl Iterator<Item = &Path> {
        let output = &self.manifest.output;
        [&output.csv, &output.parquet, &output.jsonl].into_iter().flatten().map(PathBuf::as_path)
    }

    /// The folder or the list with the pages; `None`: their paths come from standard input.
    #[must_use]
    pub fn input_path(&self) -> Option<PathBuf> {
        match &self.manifest.input.place {
            Place::Folder(path) | Place::List(path) => Some(path.clone()),
            Place::Given(_) => None,
        }
    }

    /// Whether the paths of the pages come from standard input (`input.list: "-"`). Then they are
    /// given with [`Job::with_paths`].
    #[must_use]
    pub fn reads_standard_input(&self) -> bool {
        matches!(self.manifest.input.place, Place::Given(_))
    }

    /// The same with these paths, separated by line ends or NUL bytes.
    #[must_use]
    pub fn with_paths(mut self, paths: Vec<u8>) -> Self {
        if let Place::Given(given) = &mut self.manifest.input.place {
            *given = paths.into();
        }
        self
    }

    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The names of its tasks, in the order of the manifest.
    pub fn task_names(&self) -> impl Iterator<Item = &str> {
        self.manifest.tasks.iter().map(|task| task.name.as_str())
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.manifest.provider.model
    }

    /// The store's file.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.manifest.store
    }

    /// Whether the provider is the built-in simulator: answers and costs are simulated.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.manifest.provider.endpoint.is_simulated()
    }

    /// Checks that the outputs of the manifest and the store do not replace other files. `others`: further files that
    /// must stay, with their descriptions.
    ///
    /// # Errors
    /// When one of them would overwrite another file.
    pub(crate) fn check_outputs(&self, others: &[(&Path, &'static str)]) -> Result<(), Error> {
        let (job, output) = (&self.manifest, &self.manifest.output);
        self.check_store()?;
        let rows = output.row_files().map(|(key, path)| (key, path, WrittenContent::Rows));
        let report = output.report.iter().map(|path| ("report", path, WrittenContent::Output));
        let file = |(key, path, content): (_, &PathBuf, _)| WrittenFile::new(format!("output.{key}"), path, content);
        let written: Vec<_> = rows.chain(report).map(file).collect();
        let Some((at, what)) = find_overwritten(job, &written, others) else { return Ok(()) };
        let message = format!("the output would overwrite {what}");
        let position = output.files().nth(at).and_then(|(key, _)| {
            output.positions.files.iter().find(|(known, _)| *known == key).map(|(_, position)| position.clone())
        });
        let fault = Fault::new(position.unwrap_or_default(), message, Some("a path that nothing else uses".into()));
        Err(manifest::faults_of(job, vec![fault]).into())
    }

    /// Opens the store of the job to read it.
    ///
    /// # Errors
    /// When there is no store, or it can't be read.
    pub(crate) fn open_store(&self) -> Result<ReadStore, StoreError> {
        ReadStore::open(&self.manifest.store)
    }

    /// Checks that the store, which `--store` and DOCMILL_STORE choose, does not replace another file.
    ///
    /// # Errors
    /// When it would overwrite another file, or an output would overwrite it.
    pub fn check_store(&self) -> Result<(), Error> {
        let job = &self.manifest;
        let refused = |message: String| Err(Error::new(WRONG_INPUT, message).with_hint(OTHER_PATH));
        let target = std::fs::canonicalize(&job.store).unwrap_or_else(|_| job.store.clone());
        if is_beside_database(&job.store) || is_beside_database(&target) {
            let message = "has the name of a file that SQLite keeps beside a store, and would be lost with it";
            return refused(format!("the store {} {message}", job.store.display()));
        }
        if let Some(what) = part_of_outputs(job, &job.store) {
            return refused(format!("the store {} would overwrite {what}", job.store.display()));
        }
        let store = ProtectedFiles::without_store(job).collision(&job.store);
        match store {
            None | Some(Collision::Page) => {}
            Some(Collision::Folder) => return refused(format!("the store {} is a folder", job.store.display())),
            Some(Collision::File(what)) => {
                return refused(format!("the store {} would overwrite {what}", job.store.display()));
            }
        }
        let files = ProtectedFiles::of_store(&job.store);
        let output =
            job.output.files().find(|(_, path)| files.collision(path).is_some_and(|it| it != Collision::Folder));
        output.map_or(Ok(()), |(key, _)| {
            refused(format!("output.{key} would overwrite the store {}", job.store.display()))
        })
    }

    /// Checks that standard output, which a shell may append to a file, is nothing that the job reads and not its store.
    ///
    /// # Errors
    /// When it is.
    pub fn check_standard_output(&self) -> Result<(), Error> {
        let path = Path::new("/dev/stdout");
        let collision = path.is_file().then(|| ProtectedFiles::of_job(&self.manifest).collision(path)).flatten();
        match collision {
            Some(Collision::File(what)) => {
                Err(Error::new(WRONG_INPUT, format!("standard output would be written to {what}"))
                    .with_hint(OTHER_PATH))
            }
            _ => Ok(()),
        }
    }

    /// Checks that files which a command writes take the place of nothing that the job needs.
    ///
    /// # Errors
    /// When one of them would overwrite another file.
    pub fn check_written(&self, written: &[WrittenFile]) -> Result<(), Error> {
        let output = &self.manifest.output;
        // An output may take the place of the same one of the manifest.
        let is_same = |key: &str, path: &Path| {
            written.iter().any(|file| file.option == format!("--{key}") && real_path(&file.path) == real_path(path))
        };
        let others: Vec<(&Path, &'static str)> = output
            .files()
            .filter(|(key, path)| !is_same(key, path))
            .map(|(_, path)| (path.as_path(), "another output of the job"))
            .collect();
        match find_overwritten(&self.manifest, written, &others) {
            Some((at, what)) => {
                let option = written.get(at).map_or("", |file| &file.option);
                Err(Error::new(WRONG_INPUT, format!("{option} would overwrite {what}")).with_hint(OTHER_PATH))
            }
            None => Ok(()),
        }
    }

    /// Checks that a shard does not write its rows to an output of the whole job.
    ///
    /// # Errors
    /// When it would.
    pub(crate) fn check_part_names(&self, instead: &Outputs) -> Result<(), Error> {
        let Some(shard) = self.shard() else { return Ok(()) };
        let given = [&instead.csv, &instead.parquet, &instead.jsonl].into_iter().flatten();
        let parts: Vec<PathBuf> = self.manifest.output.files().map(|(_, path)| real_path(path)).collect();
        match given.into_iter().find(|path| parts.contains(&real_path(&shard.part_path(path)))) {
            Some(path) => {
                let message =
                    format!("{} is an output of the whole job, and the store is that of shard {shard}", path.display());
                Err(Error::new(WRONG_INPUT, message)
                    .with_hint("name another file; `docmill merge` writes the outputs of the whole job"))
            }
            None => Ok(()),
        }
    }

    /// Whether one of these outputs is an output of the manifest.
    pub(crate) fn shares_output(&self, instead: &Outputs) -> bool {
        let given = [&instead.csv, &instead.parquet, &instead.jsonl].into_iter().flatten().map(|path| real_path(path));
        let own: Vec<PathBuf> = self.manifest.output.files().map(|(_, path)| real_path(path)).collect();
        given.into_iter().any(|path| own.contains(&path))
    }

    /// The outputs of the manifest, or those that are given instead of all of them.
    pub(crate) fn outputs(&self, instead: &Outputs) -> Output {
        let output = &self.manifest.output;
        if instead.csv.is_none() && instead.parquet.is_none() && instead.jsonl.is_none() {
            return output.clone();
        }
        Output {
            csv: instead.csv.clone(),
            parquet: instead.parquet.clone(),
            jsonl: instead.jsonl.clone(),
            report: None,
            keep_formulas: output.keep_formulas,
            flatten: output.flatten,
            answer_source: output.answer_source,
            // A path that is given is that of one file.
            ..Output::default()
        }
    }
}

/// The faults of columns that `output` asks for.
fn check_columns(job: &manifest::Job, columns: Vec<Column>, questions: &[Question]) -> Result<(), Error> {
    let output = &job.output;
    let spec = RowSpec {
        carried: columns,
        has_distance: job.input.near_duplicates.is_some(),
        flatten: output.flatten,
        has_sources: output.answer_source,
        ..RowSpec::new(questions, &[], &job.provider.model)
    };
    let faults = column_faults(&spec, &output.partition_by);
    if faults.is_empty() {
        return Ok(());
    }
    let positions = &output.positions;
    let fault = |ColumnFault { partition, message, allowed }| {
        let position = match partition {
            Some(at) => positions.partition_by.get(at).cloned().unwrap_or_default(),
            None => positions.flatten.clone(),
        };
        Fault::new(position, message, Some(allowed))
    };
    Err(manifest::faults_of(job, faults.into_iter().map(fault).collect()).into())
}
