//! The requests of one endpoint: their frames and their bodies.

use super::frame_builder::FrameBuilder;
use super::frame_cache::{CachedFrame, FrameCache};
use super::outgoing::Outgoing;
use crate::manifest::{Image, Limits, Request};
use crate::prepare::Prepared;
use crate::provider::dialect::interface::{Dialect, PageParts};
use crate::provider::form::capability::Capabilities;
use crate::provider::request::page_request::PageRequest;
use bytes::Bytes;
use std::rc::Rc;

/// Requests a minute that one partition of a provider's prompt cache serves. Source: OpenAI's
/// prompt-caching guide, 2026.
const REQUESTS_PER_PARTITION: u32 = 15;

/// Maximum number of partitions that are used.
const MAX_PARTITIONS: u32 = 256;

/// The frames of an endpoint's requests, built when they are first needed.
#[derive(Debug)]
pub(crate) struct EndpointFrames {
    builder: FrameBuilder,
    built: FrameCache,
    /// The number of partitions of the provider's prompt cache that are used.
    cache_partitions: u64,
}

impl EndpointFrames {
    /// For `model`, by the provider's name.
    pub(crate) fn new(
        dialect: Rc<dyn Dialect>,
        model: String,
        request: Request,
        image: Image,
        limits: &Limits,
    ) -> Self {
        Self {
            builder: FrameBuilder::new(dialect, model, request, image),
            built: FrameCache::default(),
            cache_partitions: cache_partitions(limits),
        }
    }

    /// The provider's name of the model.
    pub(crate) fn model(&self) -> &str {
        &self.builder.model
    }

    /// What the manifest states about requests.
    pub(crate) fn request(&self) -> &Request {
        &self.builder.request
    }

    /// What the manifest states about images.
    pub(crate) fn image(&self) -> &Image {
        &self.builder.image
    }

    /// The frame of a request to an endpoint that accepts `capabilities`.
    pub(crate) fn frame(&self, request: &PageRequest, capabilities: Capabilities) -> Rc<CachedFrame> {
        self.built.get_or_build(request, capabilities, || self.builder.build(request, capabilities))
    }

    /// The body of a request.
    pub(crate) fn body(&self, request: &PageRequest, outgoing: &Outgoing, image: &Prepared) -> Bytes {
        let frame = &outgoing.frame;
        frame.frame.body(&PageParts {
            image,
            max_reply_tokens: frame.max_reply_tokens,
            cache_partition: request.page % self.cache_partitions,
            repair: request.repair.as_ref(),
        })
    }
}

/// The number of partitions of the provider's prompt cache to use.
fn cache_partitions(limits: &Limits) -> u64 {
    let stated = limits.requests_per_minute.map(|rate| rate.div_ceil(REQUESTS_PER_PARTITION));
    stated.unwrap_or(limits.concurrency.stated_or_start()).clamp(1, MAX_PARTITIONS).into()
}
