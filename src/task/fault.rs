//! Why a reply has no valid answer to a task.

use crate::base::vocabulary::ErrorKind;

/// Why a reply has no valid answer to a task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TaskFault {
    /// Value of `error_kind`: `empty_reply`, `not_json`, `missing`, `wrong_label`,
    /// `wrong_type` or `too_many_labels`.
    pub kind: ErrorKind,
    /// The fault in words. It is sent to the model when it is asked for a correction, and
    /// appears in the row: a change of its text changes both.
    pub message: String,
    /// Whether no reply that follows the task's strict schema has this fault.
    pub breaks_schema: bool,
}

impl TaskFault {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let breaks_schema = matches!(kind, ErrorKind::NotJson | ErrorKind::Missing);
        Self { kind, message: message.into(), breaks_schema }
    }

    /// The same fault, as one that a strict schema excludes.
    pub(crate) fn breaking_schema(self) -> Self {
        Self { breaks_schema: true, ..self }
    }

    /// The fault of a member, with the name of the member in its message.
    pub(crate) fn in_member(self, name: &str) -> Self {
        Self { message: format!("in `{name}`: {}", self.message), ..self }
    }
}
