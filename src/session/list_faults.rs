//! Faults of a job that show only when its list and its schemas are read, each at its place in the manifest.

use super::error::Error;
use crate::base::escape::{key_pointer, pointer_token};
use crate::manifest::{self, Fault, Job, Place, TaskKind};
use crate::source::SourceError;
use crate::task::TaskDefect;

/// The error of a list that can't be read, or whose columns don't fit the job.
pub(crate) fn list_error(job: &Job, error: SourceError) -> Error {
    let faults = match &error {
        SourceError::Columns { name, faults } => faults
            .iter()
            .map(|fault| {
                let allowed = Some(fault.allowed.clone()).filter(|allowed| !allowed.is_empty());
                Fault::new(job.position(&fault.pointer), format!("the list {name}: {}", fault.message), allowed)
            })
            .collect(),
        SourceError::List { .. } => {
            let is_folder = matches!(&job.input.place, Place::List(path) if path.is_dir());
            let allowed = match error.is_missing() {
                _ if is_folder => Some("a file; a folder is given with input.folder"),
                true => Some("a path relative to the manifest"),
                false => None,
            };
            vec![Fault::new(job.position("/input/list"), error.to_string(), allowed.map(str::to_owned))]
        }
        SourceError::Folder { .. } | SourceError::Glob(_) => return error.into(),
    };
    manifest::faults_of(job, faults).into()
}

/// The error of a list and a task that give rows the same column.
pub(crate) fn same_name_error(job: &Job, name: &str) -> Error {
    let position = job.position(&key_pointer(&format!("/tasks/{}", pointer_token(name))));
    let message = format!("the list carries a column `{name}`, and a task has the same name");
    let allowed = "rename one (columns with input.rename), or name the columns to carry in input.carry";
    manifest::faults_of(job, vec![Fault::new(position, message, Some(allowed.to_owned()))]).into()
}

/// The error of tasks that can't be used.
pub(crate) fn task_error(job: &Job, defects: &[TaskDefect]) -> Error {
    let fault = |defect: &TaskDefect| Fault::new(job.position(&pointer(job, defect)), defect.to_string(), None);
    manifest::faults_of(job, defects.iter().map(fault).collect()).into()
}

/// The setting that a defect is about.
fn pointer(job: &Job, defect: &TaskDefect) -> String {
    let is_meant = |name: &str, kind: &TaskKind| match (defect, kind) {
        (TaskDefect::Template { task, .. }, _) => task == name,
        (TaskDefect::Schema { path, .. }, TaskKind::Extract { schema_path, .. }) => path == schema_path,
        (TaskDefect::Schema { .. }, _) => false,
    };
    let Some(task) = job.tasks.iter().find(|task| is_meant(&task.name, &task.kind)) else {
        return "/tasks".to_owned();
    };
    let member = match (&task.kind, defect) {
        (TaskKind::Question { .. }, _) => "question/text",
        (TaskKind::Classify { .. }, _) => "classify/question",
        (TaskKind::Tag { .. }, _) => "tag/question",
        (TaskKind::Extract { .. }, TaskDefect::Schema { .. }) => "extract/schema",
        (TaskKind::Extract { .. }, TaskDefect::Template { .. }) => "extract/question",
    };
    format!("/tasks/{}/{member}", pointer_token(&task.name))
}
