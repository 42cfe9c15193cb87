//! The form of requests: which parameters they carry, and how a reply is asked for.
//!
//! - [`form_size`]: text and output limit of a form
//! - [`sent_form`]: the form in which a request was sent; [`form_candidate`]: a form that a search tries
//! - [`capability`]: what an endpoint accepts; [`capability_change`]: what it is found not to accept
//! - [`parameter`], [`efforts`]: what it may reject

pub(crate) mod capability;
pub(crate) mod capability_change;
pub(crate) mod efforts;
pub(crate) mod form_candidate;
pub(crate) mod form_size;
pub(crate) mod parameter;
pub(crate) mod sent_form;
