//! From a file to a checked [`Job`]: read, parse, replace variables, convert to JSON, check.

use super::check::Check;
use super::faults::{Fault, Faults};
use super::job::Job;
use super::schema::{RawJob, json_schema};
use super::settings::Settings;
use super::yaml::interpolate::{Variables, interpolate};
use super::yaml::node::{NodeKind, parse_yaml};
use super::yaml::typed::to_typed_json;
use crate::base::mask::{is_secret_name, mask_secrets, mask_word};
use serde::Deserialize;
use serde_json::Value;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Settings of a provider that are about its model.
const OF_ONE_MODEL: &[&str] = &["model", "price", "revision"];

/// Another model than that of the manifest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtherModel<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its price in USD per million tokens of prompts and of replies; `None`: that of the built-in list.
    pub(crate) price: Option<(f64, f64)>,
}

/// Why a manifest can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file can't be read. The argument may be a key instead of a path.
    #[error("can't read the manifest {}", shown_path(path, source))]
    Read {
        /// Path of the manifest.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The manifest has faults.
    #[error("{0}")]
    Faults(Faults),
}

/// The path of a manifest that can't be read. What does not exist may be a key.
pub(crate) fn shown_path(path: &Path, source: &std::io::Error) -> String {
    let given = path.to_string_lossy();
    let is_missing = source.kind() == std::io::ErrorKind::NotFound;
    if is_missing { mask_word(&given).into_owned() } else { given.into_owned() }
}

/// Reads and checks the manifest at `path`.
///
/// # Errors
/// [`ManifestError::Read`] if the file can't be read or is not UTF-8, otherwise
/// [`ManifestError::Faults`] with all faults.
pub fn load(path: &Path, variables: Variables<'_>) -> Result<Job, ManifestError> {
    let source =
        std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
    check(path, &source, variables)
}

/// As [`load`], with another model. The price and the revision that the manifest states are those of its own
/// model, so they do not count. If the price is unknown, the job has a budget and no price.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_with_model(
    path: &Path,
    model: OtherModel<'_>,
    variables: Variables<'_>,
) -> Result<Job, ManifestError> {
    let source =
        std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
    check_with(path, &source, variables, Some(model))
}

/// Checks the text of a manifest as if it had been read from `path`.
///
/// # Errors
/// [`ManifestError::Faults`] with all faults.
pub fn check(path: &Path, source: &str, variables: Variables<'_>) -> Result<Job, ManifestError> {
    check_with(path, source, variables, None)
}

fn check_with(
    path: &Path,
    source: &str,
    variables: Variables<'_>,
    model: Option<OtherModel<'_>>,
) -> Result<Job, ManifestError> {
    // Values of variables are not in the source, but faults may name them.
    let secrets = RefCell::new(Vec::new());
    let lookup = |name: &str| {
        let value = variables(name);
        if let Some(value) = value.as_ref().filter(|value| is_secret_name(name) || mask_secrets(value) != **value) {
            secrets.borrow_mut().push(value.clone());
        }
        value
    };
    let checked = check_source_with(path, source, &lookup, model).map(|(mut job, manifest)| {
        job.settings = Settings::new(&manifest, &secrets.borrow());
        job
    });
    checked.map_err(|faults| {
        let path = path.display().to_string();
        ManifestError::Faults(Faults::new(path, source, faults, secrets.into_inner()))
    })
}

/// Faults that need more than the manifest to detect, such as the columns of a list.
pub(crate) fn faults_of(job: &Job, faults: Vec<Fault>) -> ManifestError {
    ManifestError::Faults(Faults::new(job.path.display().to_string(), &job.source, faults, Vec::new()))
}

/// The job, and the JSON of its manifest.
fn check_source_with(
    path: &Path,
    source: &str,
    variables: Variables<'_>,
    model: Option<OtherModel<'_>>,
) -> Result<(Job, Value), Vec<Fault>> {
    let mut root = parse_yaml(source)?;
    if !matches!(root.kind, NodeKind::Mapping(_)) {
        let message = format!("the manifest is {} instead of settings with names", root.describe());
        return Err(vec![Fault::new(
            root.span,
            message,
            Some("run `docmill init` for a manifest to start from".into()),
        )]);
    }
    let mut faults = Vec::new();
    interpolate(&mut root, variables, &mut faults);
    let mut typed = to_typed_json(&root, &json_schema());
    if let (Some(model), Some(provider)) = (model, typed.value.get_mut("provider").and_then(Value::as_object_mut)) {
        provider.retain(|name, _| !OF_ONE_MODEL.contains(&name.as_str()));
        provider.insert("model".into(), model.name.into());
        if let Some((input, output)) = model.price {
            provider.insert("price".into(), serde_json::json!({"input": input, "output": output}));
        }
    }
    // A variable that is not set is one fault: not also one of the type of its value.
    let is_new = |fault: &Fault| faults.iter().all(|known| known.span != fault.span);
    let of_types: Vec<Fault> = typed.faults.into_iter().filter(is_new).collect();
    faults.extend(of_types);
    let raw: RawJob = match RawJob::deserialize(&typed.value) {
        Ok(raw) => raw,
        Err(error) if faults.is_empty() => {
            return Err(vec![Fault::new(0..0, format!("not a valid manifest: {error}"), None)]);
        }
        Err(_) => return Err(faults),
    };
    let raw = if model.is_some() { raw.for_another_model() } else { raw };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut check = Check::new(typed.positions, typed.broken, faults, folder);
    let job = raw.check(path, source, &mut check);
    let faults = check.into_faults();
    if faults.is_empty() { Ok((job, typed.value)) } else { Err(faults) }
}

#[cfg(test)]
fn check_source(path: &Path, source: &str, variables: Variables<'_>) -> Result<Job, Vec<Fault>> {
    check_source_with(path, source, variables, None).map(|(job, _)| job)
}

#[cfg(test)]
mod tests;
