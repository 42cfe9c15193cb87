//! Which texts can be labels: those of a task, and the values of an `enum` in a schema.

use super::unicode::fold;

/// The texts that can be labels, for messages.
pub const ALLOWED_LABELS: &str = "text that is not empty, not `~` and has no white space around it";

/// Whether a text can be a label. `~` is YAML's null, and was not meant as a label.
#[must_use]
pub fn is_label(name: &str) -> bool {
    name.trim() == name && !fold(name).is_empty() && name != "~"
}
