//! The frames of requests: built once for the same questions, used for many pages.

use crate::provider::dialect::interface::PageFrame;
use crate::provider::form::capability::Capabilities;
use crate::provider::request::estimate::Footprint;
use crate::provider::request::page_request::{PageRequest, Variation};
use crate::task::{Bounds, Question};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// What the requests for the same questions have in common.
#[derive(Debug)]
pub(crate) struct CachedFrame {
    pub(crate) frame: Box<dyn PageFrame>,
    pub(crate) footprint: Footprint,
    /// The output limit, in tokens.
    pub(crate) max_reply_tokens: u32,
    /// The maximum output tokens that can be billed; `None`: no known bound.
    pub(crate) max_billed_tokens: Option<u32>,
    /// The bounds of the schema that is sent.
    pub(crate) bounds: Bounds,
    /// The effective values of settings that the manifest does not state, as JSON.
    pub(crate) parameters: String,
    /// Whether the prompt describes the schema.
    pub(crate) is_described: bool,
}

/// The address of the questions, the tasks to ask, how the request differs from the usual one, and
/// the endpoint's capabilities.
type Key = (usize, Vec<usize>, Variation, Capabilities);

/// A frame with the questions that it is for: keeping them keeps their address in use.
type CacheEntry = (Arc<[Question]>, Rc<CachedFrame>);

/// Frames that are kept. Questions that name columns of a list need one for every row.
const MAX_FRAMES: usize = 256;

/// The cache of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct FrameCache {
    frames: RefCell<HashMap<Key, CacheEntry>>,
}

impl FrameCache {
    /// The frame for a request, built by `build` unless it is cached.
    pub(crate) fn get_or_build(
        &self,
        request: &PageRequest,
        capabilities: Capabilities,
        build: impl FnOnce() -> CachedFrame,
    ) -> Rc<CachedFrame> {
        let key = (request.questions.as_ptr().addr(), request.tasks.clone(), request.variation, capabilities);
        let mut frames = self.frames.borrow_mut();
        if let Some((_, frame)) = frames.get(&key) {
            return frame.clone();
        }
        if frames.len() >= MAX_FRAMES {
            frames.clear();
        }
        let frame = Rc::new(build());
        frames.insert(key, (request.questions.clone(), frame.clone()));
        frame
    }
}
