//! A request in the form in which it is sent: what is reserved for it, what it carries and how its
//! reply is judged belong together, whatever other attempts learn in the meantime.

use super::frame_cache::CachedFrame;
use crate::provider::form::sent_form::SentForm;
use std::rc::Rc;

/// The form of one request.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What the endpoint was believed to accept.
    pub form: SentForm,
    pub(crate) frame: Rc<CachedFrame>,
}
