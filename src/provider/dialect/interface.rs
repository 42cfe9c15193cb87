//! What a dialect provides. All methods are pure; an endpoint chooses its dialect at run time.

use crate::base::money::Pico;
use crate::base::vocabulary::ErrorKind;
use crate::catalog::{Detail, Effort};
use crate::manifest::Request;
use crate::prepare::Prepared;
use crate::provider::client::call::{FileForm, HttpCall};
use crate::provider::form::capability::Capabilities;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::parameter::Parameters;
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::rate_limits::RateLimitHeaders;
use crate::provider::judgement::transient::Transient;
use crate::provider::replies::batch::{BatchFault, BatchLine, RemoteBatch};
use crate::provider::replies::reply::Reply;
use crate::provider::request::page_request::Repair;
use crate::task::{Bounds, Question};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::fmt;

/// How an API spells requests for pages, and their replies.
pub(crate) trait Dialect: fmt::Debug {
    /// Builds what the bodies of all requests for the same questions have in common.
    fn page_frame(&self, options: &FrameOptions<'_>, questions: &[&Question]) -> Box<dyn PageFrame>;

    /// The call that sends the body of a request for a page.
    fn page_call(&self, body: Bytes) -> HttpCall;

    /// The response header with the server's id of the request, in lower case.
    fn request_id_header(&self) -> &'static str;

    /// Reads the cost that a reply's headers report.
    fn read_cost(&self, headers: &HeaderMap) -> Option<Pico>;

    /// Reads a reply that was not streamed.
    ///
    /// # Errors
    /// When the body is not a reply.
    fn read_reply(&self, body: &str) -> Result<Reply, NotAReply>;

    /// A reader for one streamed reply.
    fn reply_stream(&self) -> Box<dyn ReplyStream>;

    /// Judges a reply whose status is not 2xx.
    fn judge_error(&self, reply: &ErrorReply<'_>) -> ErrorJudgement;

    /// Whether the message of an error states that a part of the request is not accepted.
    fn is_rejection(&self, message: &str) -> bool;

    /// Whether an error with this message is transient.
    fn is_transient(&self, message: &str) -> Transient;

    /// What to check at an error that every page gets, although everything optional was left out of requests; `None`:
    /// its message does not show it, or may be about what a page has. `model`: the name that was sent, if its mention
    /// counts.
    fn likely_hint(&self, message: &str, model: Option<&str>) -> Option<&'static str>;

    /// The kind of an error that asks for `change` but concerns its page, for any value; `None`: the value is rejected.
    fn fault_of_page(&self, change: CapabilityChange, message: &str) -> Option<ErrorKind>;

    /// Reads the rate limits that a reply's headers report. `wall_ms`: the time of the
    /// reply, in milliseconds since 1970.
    fn read_rate_limits(&self, headers: &HeaderMap, wall_ms: i64) -> RateLimitHeaders;

    /// How the API spells batches.
    fn batches(&self) -> &dyn BatchDialect;
}

/// What the requests of one endpoint have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameOptions<'a> {
    /// The provider's name of the model.
    pub(crate) model: &'a str,
    pub(crate) request: &'a Request,
    /// `None` for models whose image rule is unknown: not every server accepts `detail`.
    pub(crate) detail: Option<Detail>,
    pub(crate) capabilities: Capabilities,
    /// The temperature to send; `None`: none.
    pub(crate) temperature: Option<f64>,
    /// The reasoning effort to send; `None`: none.
    pub(crate) effort: Option<Effort>,
    /// Whether the prompt describes the schema of the reply.
    pub(crate) describes_schema: bool,
    /// The bounds of the schema that is sent.
    pub(crate) bounds: Bounds,
    /// Whether to choose what the provider's prompt cache keeps: only text, which is the same for
    /// every page. Without a choice some providers keep, and bill, every image.
    pub(crate) chooses_cache: bool,
    /// Prompt tokens without the image.
    pub(crate) prompt_tokens: u64,
    /// Whether the output limit is sent.
    pub(crate) has_output_limit: bool,
}

/// The parts of a request body that do not depend on the page.
pub(crate) trait PageFrame: fmt::Debug {
    /// The body for one page. It copies the frame and the encoded image once.
    fn body(&self, page: &PageParts<'_>) -> Bytes;

    /// The parameters that the body has, whoever chose them.
    fn parameters(&self) -> Parameters;
}

/// The parts of a request body that depend on the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageParts<'a> {
    pub(crate) image: &'a Prepared,
    /// The output limit, in tokens, if the frame has one.
    pub(crate) max_reply_tokens: u32,
    /// The partition of the provider's prompt cache.
    pub(crate) cache_partition: u64,
    pub(crate) repair: Option<&'a Repair>,
}

/// Reads one streamed reply, event by event.
pub(crate) trait ReplyStream {
    /// Takes the data of one event and returns the text that it adds to the reply.
    fn push(&mut self, data: &str) -> String;

    /// Whether an event so far was one of this API: a part of a reply, or an error.
    fn is_of_api(&self) -> bool;

    /// How far the reply has come.
    fn stage(&self) -> StreamStage;

    /// Ends the stream.
    ///
    /// # Errors
    /// The text so far, when the reply is not complete.
    fn finish(self: Box<Self>) -> Result<Reply, String>;
}

/// How far a streamed reply has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StreamStage {
    /// More of it is expected.
    Open,
    /// It is complete, perhaps without its token counts: a connection that breaks now does no harm.
    Complete,
    /// Token counts came with its end. Others may follow, which replace them.
    Counted,
    /// What came is by the specification the last of it.
    Last,
    /// The server has marked the end.
    Ended,
}

/// A body that is not a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotAReply {
    /// JSON that breaks off or is damaged; its text, shortened to be human-readable.
    Damaged(String),
    /// Nothing that this API sends, such as an HTML page.
    Foreign,
}

/// A reply whose status is not 2xx.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorReply<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    /// The body, without secrets.
    pub(crate) body: &'a str,
    /// Wall time in milliseconds since 1970.
    pub(crate) wall_ms: i64,
}

/// How an API spells batches: a file of requests is uploaded, a batch is created from it,
/// and its results are files of lines.
pub(crate) trait BatchDialect {
    /// How a file of request lines is uploaded.
    fn upload_form(&self) -> FileForm;

    /// The call that creates a batch from an uploaded file. `key`: metadata by which
    /// [`RemoteBatch::key`] finds the batch again.
    fn create_call(&self, input_file: &str, key: &str) -> HttpCall;

    /// The call for the state of a batch.
    fn status_call(&self, batch: &str) -> HttpCall;

    /// The call for the list of batches, newest first, after the batch `after`.
    fn list_call(&self, after: Option<&str>) -> HttpCall;

    /// The call for the content of a file.
    fn content_call(&self, file: &str) -> HttpCall;

    /// Reads the id of an uploaded file.
    ///
    /// # Errors
    /// When the reply has no text.
    fn read_file_id(&self, reply: &Value) -> Result<String, BatchFault>;

    /// Reads a batch.
    ///
    /// # Errors
    /// When the reply does not describe a batch.
    fn read_batch(&self, reply: &Value) -> Result<RemoteBatch, BatchFault>;

    /// Reads one page of the list of batches.
    ///
    /// # Errors
    /// When the reply is not such a list.
    fn read_list(&self, reply: &Value) -> Result<BatchList, BatchFault>;

    /// Judges a reply whose status is not 2xx.
    fn judge_error(&self, reply: &ErrorReply<'_>) -> BatchFault;

    /// What precedes and follows a request's body in a line of a batch's file. `custom_id`
    /// consists of ASCII letters, digits and hyphens.
    fn line_frame(&self, custom_id: &str) -> (String, &'static str);

    /// Reads a line of a result file; `None` if it is not one.
    fn read_line(&self, text: &str) -> Option<BatchLine>;

    /// Reads the result that a line carries.
    fn read_result(&self, line: &BatchLine) -> LineResult;
}

/// The result of one request of a batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LineResult {
    /// The HTTP status that the request would have had; `None` if it was not executed.
    pub(crate) status: Option<u16>,
    /// The server's id of the request.
    pub(crate) request_id: Option<String>,
    /// The reply, or what its absence means.
    pub(crate) reply: Result<Reply, Box<ErrorJudgement>>,
}

/// One page of the list of batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchList {
    pub(crate) batches: Vec<RemoteBatch>,
    pub(crate) has_more: bool,
}
