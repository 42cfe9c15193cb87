//! Replies that do not come from an API.

/// A reply, or the lack of one, that does not look like an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The beginning of a body, such as an HTML page; without a status, what happened instead of a reply.
    pub what: String,
    /// An API that is starting may look like this: the run waits for it.
    pub may_be_outage: bool,
    /// Gateways send it when they can't reach the API behind them: it is still a transient error, but nothing was
    /// executed.
    pub is_free: bool,
    /// An API may reply like this, too, such as with a stream that breaks off before its first event: it shows
    /// something else only from an endpoint that has never answered.
    pub may_be_api: bool,
    /// A part of an API's reply: the API may have billed the request.
    pub may_be_billed: bool,
}

impl Foreign {
    /// A body that no API sends.
    pub(crate) fn body(what: String) -> Self {
        Self { what, may_be_outage: false, is_free: false, may_be_api: false, may_be_billed: false }
    }

    /// A body that an API sends when it fails.
    pub(crate) fn doubtful_body(what: String) -> Self {
        Self { may_be_api: true, ..Self::body(what) }
    }
}
