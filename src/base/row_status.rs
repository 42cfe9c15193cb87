//! Statuses of rows.

/// Status of a row: the worst status of its tasks. Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowStatus {
    /// The page was skipped on purpose.
    Skipped,
    /// Every task has a valid answer.
    Ok,
    /// A task has no outcome yet.
    Pending,
    /// The model's replies were never valid.
    Invalid,
    /// The model or a content filter declined.
    Refused,
    /// The page could not be read or sent.
    Failed,
}

impl RowStatus {
    /// All statuses, from best to worst.
    pub const ALL: [Self; 6] = [Self::Skipped, Self::Ok, Self::Pending, Self::Invalid, Self::Refused, Self::Failed];

    /// The value of the column `status`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Whether the row has no usable answer and never will without a retry.
    #[must_use]
    pub fn is_unusable(self) -> bool {
        matches!(self, Self::Invalid | Self::Refused | Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_order_are_those_of_the_docs() {
        let names: Vec<&str> = RowStatus::ALL.iter().map(|status| status.name()).collect();
        assert_eq!(names, ["skipped", "ok", "pending", "invalid", "refused", "failed"]);
        assert!(RowStatus::ALL.is_sorted());
        let unusable = RowStatus::ALL.iter().filter(|status| status.is_unusable());
        assert_eq!(unusable.collect::<Vec<_>>(), [&RowStatus::Invalid, &RowStatus::Refused, &RowStatus::Failed]);
    }
}
