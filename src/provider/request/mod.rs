//! What is asked about a page, and how large that is.
//!
//! - [`page_request`]: a request for one page, before a dialect turns it into a body
//! - [`mod@estimate`]: tokens before they are known

pub(crate) mod estimate;
pub(crate) mod page_request;
