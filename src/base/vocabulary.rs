//! Closed vocabularies: the words that stores and outputs may hold.
//!
//! A store holds a value of a vocabulary as its [`name`](ErrorKind::name). To add a value,
//! raise the version of the store's schema: an older program must refuse the store instead of
//! reading a word that it does not know.

use std::fmt;

/// Declares an enum whose values have names.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        // Not every vocabulary is listed or read back.
        #[cfg_attr(not(feature = "internal"), allow(dead_code))]
        impl $name {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$value,)+];

            /// The word for the value in stores and outputs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }

            /// The value that `word` stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$value),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

vocabulary! {
    /// The status of one task on one page.
    OutcomeStatus {
        /// There is a valid answer.
        Ok = "ok",
        /// No reply was valid.
        Invalid = "invalid",
        /// The model or a content filter declined.
        Refused = "refused",
        /// The page could not be read, or no request for it succeeded.
        Failed = "failed",
    }
}

vocabulary! {
    /// The status of a row: the worst status of its tasks. In the order from best to worst.
    RowStatus {
        /// The page was skipped on purpose.
        Skipped = "skipped",
        /// Every task has a valid answer.
        Ok = "ok",
        /// A task has no outcome yet.
        Pending = "pending",
        /// No reply was valid.
        Invalid = "invalid",
        /// The model or a content filter declined.
        Refused = "refused",
        /// The page could not be read, or no request for it succeeded.
        Failed = "failed",
    }
}

impl RowStatus {
    /// Whether the page ended without an answer.
    #[must_use]
    pub const fn is_unusable(self) -> bool {
        matches!(self, Self::Invalid | Self::Refused | Self::Failed)
    }
}

vocabulary! {
    /// Who gave an answer that a row shows.
    AnswerSource {
        /// The model.
        Model = "model",
        /// A person.
        Human = "human",
    }
}

vocabulary! {
    /// The state of an attempt in the ledger.
    AttemptState {
        /// It may have been sent; its end is not recorded.
        Open = "open",
        /// It has ended, and its cost is recorded.
        Settled = "settled",
        /// Its end was never stored: its run died, or ended while it was in flight. Its reservation counts
        /// as spent.
        Lost = "lost",
        /// It was part of a batch that was never submitted: it costs nothing.
        Withdrawn = "withdrawn",
    }
}

vocabulary! {
    /// The verdict on an attempt.
    VerdictName {
        /// There is a reply.
        Done = "done",
        /// A transient error; counts as one of the page's attempts.
        Retry = "retry",
        /// A rate limit or an outage; does not count.
        Later = "later",
        /// The page cannot be answered; others can.
        Page = "page",
        /// Nothing can be answered: the run ends.
        Stop = "stop",
    }
}

vocabulary! {
    /// How pages are ordered before the first ones are drawn into a sample.
    DrawRule {
        /// By a digest of their content and number, so that the order looks random and is always the same.
        ContentHash = "content_hash",
    }
}

vocabulary! {
    /// Why an attempt is made.
    AttemptPurpose {
        /// The first attempt of a request.
        Ask = "ask",
        /// The last attempt had a transient error.
        Retry = "retry",
        /// The last reply was not valid.
        Repair = "repair",
        /// The last reply was cut at `max_tokens`.
        Lengthen = "lengthen",
    }
}

vocabulary! {
    /// The state of a batch, in the order in which a batch goes through them.
    BatchState {
        /// Lines are being added to its file; nothing has left this machine.
        Filling = "filling",
        /// Its file is complete and durable, and may be uploaded.
        Filled = "filled",
        /// The provider has the file; the batch may or may not have been created.
        Uploaded = "uploaded",
        /// The provider has the batch.
        Submitted = "submitted",
        /// All its results are stored.
        Ended = "ended",
    }
}

vocabulary! {
    /// Where the token counts of an attempt come from.
    UsageSource {
        /// The server reported them.
        Reported = "reported",
        /// The server did not report them; docmill estimated them.
        Estimated = "estimated",
    }
}

vocabulary! {
    /// How a run ended, as the store and the report name it.
    RunOutcomeName {
        /// Every page is done.
        Complete = "complete",
        /// Everything that `--limit`, `--sample` or `--task` asked for is done.
        Limited = "limited",
        /// Finished, with more failed pages than allowed.
        FailedPages = "failed_pages",
        /// Stopped because page after page ended with the same error.
        SameError = "same_error",
        /// The input has no page.
        NoPages = "no_pages",
        /// The next request could have exceeded the budget.
        BudgetReached = "budget_reached",
        /// The endpoint billed more for a request than was reserved for it.
        UnexpectedBill = "unexpected_bill",
        /// The provider refuses every request.
        ProviderRefused = "provider_refused",
        /// The provider was unavailable for longer than `retry.max_wait`.
        ProviderUnavailable = "provider_unavailable",
        /// The store or an output could not be read or written.
        StorageError = "storage_error",
        /// `limits.run_time` elapsed.
        DeadlineReached = "deadline_reached",
        /// Pages are left without an outcome, or a part of the input could not be read.
        PagesPending = "pages_pending",
        /// A run that does not wait for batches has left some in progress.
        BatchPending = "batch_pending",
        /// A signal ended the run.
        Interrupted = "interrupted",
        /// The input could not be read to its end, or the request does not fit the job.
        InputError = "input_error",
        /// A defect of docmill.
        InternalError = "internal_error",
        /// The process of the run died; another process recorded its end.
        Died = "died",
        /// A `docmill try`.
        Try = "try",
    }
}

impl RunOutcomeName {
    /// Whether the run has listed its whole input: what stopped it, if anything, lets it list the rest.
    #[must_use]
    pub const fn has_listed_input(self) -> bool {
        matches!(
            self,
            Self::Complete
                | Self::Limited
                | Self::FailedPages
                | Self::NoPages
                | Self::SameError
                | Self::BudgetReached
                | Self::UnexpectedBill
                | Self::ProviderRefused
                | Self::ProviderUnavailable
                | Self::PagesPending
        )
    }
}

vocabulary! {
    /// What went wrong with a page, a task or an attempt (docs/rows.md).
    ErrorKind {
        /// The file has no bytes.
        EmptyFile = "empty_file",
        /// The content is not an image.
        NotAnImage = "not_an_image",
        /// The content is of a format that docmill does not read.
        UnsupportedFormat = "unsupported_format",
        /// The file ends early.
        CutShort = "cut_short",
        /// The file or the image exceeds the limits.
        TooLarge = "too_large",
        /// The content is damaged.
        Damaged = "damaged",
        /// The page can't be drawn completely.
        IncompletePage = "incomplete_page",
        /// The document opens only with a password.
        PasswordProtected = "password_protected",
        /// The document has no pages.
        NoPages = "no_pages",
        /// Decoding took too long.
        DecodeTimeout = "decode_timeout",
        /// The decoder crashed.
        DecoderFailed = "decoder_failed",
        /// The decoder ran out of memory.
        DecoderOutOfMemory = "decoder_out_of_memory",
        /// The file could not be read.
        ReadFailed = "read_failed",
        /// The URL could not be fetched.
        FetchFailed = "fetch_failed",
        /// There was no complete reply in time.
        Timeout = "timeout",
        /// The connection broke.
        Reset = "reset",
        /// The server reported an internal error.
        ServerError = "server_error",
        /// The stream ended before the reply did.
        CutReply = "cut_reply",
        /// The reply is not one of the API.
        BadReply = "bad_reply",
        /// The batch expired before the request was processed.
        BatchExpired = "batch_expired",
        /// The batch ended without a result for the request.
        BatchLine = "batch_line",
        /// The server rejected the request.
        BadRequest = "bad_request",
        /// The server rejected the image.
        ImageRefused = "image_refused",
        /// The request exceeds a limit of the provider or of the job.
        RequestTooLarge = "request_too_large",
        /// The request exceeds the context window of the model.
        ContextTooLong = "context_too_long",
        /// The model declined to answer.
        Refusal = "refusal",
        /// A content filter stopped the request or the reply.
        ContentFilter = "content_filter",
        /// The provider blocked the reply because it repeats a published text.
        Recitation = "recitation",
        /// The reply is empty.
        EmptyReply = "empty_reply",
        /// The reply holds no JSON object.
        NotJson = "not_json",
        /// The reply has no member for the task.
        Missing = "missing",
        /// The label is not one of the task's labels.
        WrongLabel = "wrong_label",
        /// The value is not of the task's type.
        WrongType = "wrong_type",
        /// There are more labels than allowed.
        TooManyLabels = "too_many_labels",
        /// The reply was cut at `max_tokens`.
        Length = "length",
        /// The reply repeats itself until `max_tokens`.
        Repetition = "repetition",
        /// Attempts only: a rate limit or an outage.
        NotNow = "not_now",
        /// Attempts only: the provider refuses every request.
        ProviderRefused = "provider_refused",
        /// Attempts only: the endpoint lacks a capability.
        Capability = "capability",
    }
}

impl ErrorKind {
    /// Whether it is permanent that a page has no picture: its file gives none on any machine. That a decoder
    /// took too long, crashed or lacked memory may be due to the run.
    #[must_use]
    pub const fn gives_no_picture(self) -> bool {
        matches!(
            self,
            Self::EmptyFile
                | Self::NotAnImage
                | Self::UnsupportedFormat
                | Self::CutShort
                | Self::TooLarge
                | Self::Damaged
                | Self::IncompletePage
                | Self::PasswordProtected
                | Self::NoPages
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_name_parses_to_its_value() {
        fn check<T: Copy + PartialEq + fmt::Debug>(
            all: &[T],
            name: impl Fn(T) -> &'static str,
            parse: impl Fn(&str) -> Option<T>,
        ) {
            for value in all {
                assert_eq!(parse(name(*value)), Some(*value));
            }
            assert_eq!(all.iter().map(|value| name(*value)).collect::<HashSet<_>>().len(), all.len());
            for word in ["", "OK", "no such word", " open"] {
                assert_eq!(parse(word), None, "{word:?}");
            }
        }
        check(OutcomeStatus::ALL, OutcomeStatus::name, OutcomeStatus::parse);
        check(RowStatus::ALL, RowStatus::name, RowStatus::parse);
        check(AnswerSource::ALL, AnswerSource::name, AnswerSource::parse);
        check(AttemptState::ALL, AttemptState::name, AttemptState::parse);
        check(VerdictName::ALL, VerdictName::name, VerdictName::parse);
        check(DrawRule::ALL, DrawRule::name, DrawRule::parse);
        check(AttemptPurpose::ALL, AttemptPurpose::name, AttemptPurpose::parse);
        check(BatchState::ALL, BatchState::name, BatchState::parse);
        check(UsageSource::ALL, UsageSource::name, UsageSource::parse);
        check(RunOutcomeName::ALL, RunOutcomeName::name, RunOutcomeName::parse);
        check(ErrorKind::ALL, ErrorKind::name, ErrorKind::parse);
    }

    #[test]
    fn row_statuses_are_ordered_from_best_to_worst() {
        let docs = include_str!("../../docs/rows.md");
        let worst_first: Vec<String> = RowStatus::ALL
            .iter()
            .rev()
            .map(|status| format!("`{status}`"))
            .filter(|name| name != "`skipped`")
            .collect();
        assert!(docs.contains(&worst_first.join(" > ")), "{worst_first:?}");
        assert!(RowStatus::ALL.is_sorted());
        let unusable: Vec<_> = RowStatus::ALL.iter().filter(|status| status.is_unusable()).collect();
        assert_eq!(unusable, [&RowStatus::Invalid, &RowStatus::Refused, &RowStatus::Failed]);
    }

    #[test]
    fn the_documentation_lists_the_sources_of_answers() {
        let docs = include_str!("../../docs/rows.md");
        let words: Vec<String> = AnswerSource::ALL.iter().map(|source| format!("`{source}`")).collect();
        assert!(docs.contains(&format!("the source of the answer, {}", words.join(" or "))));
    }
}
