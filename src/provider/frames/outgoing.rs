//! A request in the form that is sent: its reservation, its content and the judgement of its reply belong together,
//! whatever other attempts learn in the meantime.

use super::frame_cache::CachedFrame;
use crate::provider::form::sent_form::SentForm;
use std::rc::Rc;

/// The form of one request.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What the endpoint was assumed to accept.
    pub form: SentForm,
    pub(crate) frame: Rc<CachedFrame>,
}
