//! A job: a manifest that was loaded and checked, with its tasks compiled.

use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use crate::base::mask::mask_secrets;
use crate::base::money::Pico;
use crate::manifest::{self, Collision, Output, Place};
use crate::source::carried_columns;
use crate::task::{Question, compile};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A job: a manifest that was loaded and checked, with its tasks compiled.
#[derive(Clone, Debug)]
pub struct Job {
    pub(crate) manifest: manifest::Job,
    pub(crate) questions: Arc<[Question]>,
}

/// Paths of outputs that replace those of the manifest.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The CSV file.
    pub csv: Option<PathBuf>,
    /// The Parquet file.
    pub parquet: Option<PathBuf>,
    /// The JSON Lines file.
    pub jsonl: Option<PathBuf>,
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
        let given: HashMap<&str, &str> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let used = RefCell::new(HashSet::new());
        let lookup = |name: &str| {
            used.borrow_mut().insert(name.to_owned());
            given.get(name).map(|value| (*value).to_owned()).or_else(|| environment.variable(name))
        };
        let manifest = manifest::load(manifest.as_ref(), &lookup)?;
        // A variable that the manifest does not use is most likely misspelled.
        if let Some(name) = given.keys().filter(|name| !used.borrow().contains(**name)).min() {
            // Who swaps them gives a key as a name.
            let name = mask_secrets(name);
            let message = format!("--var {name}: the manifest does not use ${{{name}}}");
            return Err(Error::new(WRONG_INPUT, message).with_hint("variables are written ${NAME} in the manifest"));
        }
        let columns = carried_columns(&manifest.input)?;
        let clash = columns.iter().find(|column| manifest.tasks.iter().any(|task| task.name == column.name));
        if let Some(column) = clash {
            let message = format!("the list carries a column `{}`, and a task has the same name", column.name);
            return Err(Error::new(WRONG_INPUT, message)
                .with_hint("rename one (columns with input.rename), or name the columns to carry in input.carry"));
        }
        let columns: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let questions = compile(&manifest.tasks, &columns).map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Error::new(WRONG_INPUT, lines.join("\nerror: "))
        })?;
        Ok(Self { manifest, questions: questions.into() })
    }

    /// The same with another store.
    #[must_use]
    pub fn with_store(mut self, store: impl Into<PathBuf>) -> Self {
        self.manifest.store = store.into();
        self
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
        Ok(self)
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
        matches!(self.manifest.provider.endpoint, manifest::Endpoint::Simulator(_))
    }

    /// What the first of these outputs that collides with something would overwrite.
    pub(crate) fn overwritten_by(&self, outputs: &Outputs) -> Option<String> {
        let (given, own) = (self.outputs(outputs), &self.manifest.output);
        let mut used = self.manifest.used_files();
        // An output may take the place of the same one of the manifest.
        let others = own.files().filter(|(key, path)| !given.files().any(|same| same == (*key, *path)));
        used.extend(others.map(|(_, path)| (path.clone(), "another output of the job")));
        let folder = match &self.manifest.input.place {
            Place::Folder(folder) => Some(folder.as_path()),
            Place::List(_) | Place::Given(_) => None,
        };
        let (key, collision) = given.collisions(&used, folder).into_iter().next()?;
        let what = match collision {
            Collision::File(what) => what,
            Collision::Folder => "a folder",
            Collision::Page => "a page of the input",
        };
        Some(format!("--{key} would overwrite {what}"))
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
        }
    }
}
