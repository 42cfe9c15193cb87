//! The questions about a page, and their size.
//!
//! - [`page_request`]: a request for one page, before a dialect turns it into a body
//! - [`mod@estimate`]: tokens before they are known

pub(crate) mod estimate;
pub(crate) mod page_request;
