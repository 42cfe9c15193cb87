//! Opens a review and serves it.

use super::api::Api;
use super::pictures::Pictures;
use super::server::guard::Guard;
use super::server::listen::serve;
use super::server::routes::Routes;
use super::settings::ReviewOptions;
use super::state::{Review, ReviewParts};
use crate::base::clock::Clock;
use crate::base::hooks::NoHooks;
use crate::manifest::Job;
use crate::pipeline::{PagePictures, PipelineError};
use crate::prepare::DecoderCommand;
use crate::store::{ReadStore, Store};
use crate::task::Question;
use std::net::TcpListener;
use std::sync::Arc;

/// Why a review can't be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReviewError {
    /// The store can't be used, or has no run of the job.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// No page matches the filter.
    #[error("no page matches --where {0}")]
    NoMatch(String),
    /// The port can't be listened on.
    #[error("can't listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// A thread can't be started, or the system has no randomness.
    #[error("can't serve: {0}")]
    System(#[from] std::io::Error),
}

/// What a review is served with.
pub(crate) struct Serving<'a> {
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
    /// How a decoder process is started.
    pub(crate) decoder: &'a DecoderCommand,
    /// Called with the address when the server answers.
    pub(crate) on_ready: &'a mut dyn FnMut(&str),
    /// Whether the server should end.
    pub(crate) is_stopped: &'a dyn Fn() -> bool,
}

/// Serves a review until it is stopped.
///
/// # Errors
/// When the store can't be used, or nothing can be served.
pub(crate) fn review(
    job: &Arc<Job>,
    questions: &Arc<[Question]>,
    options: ReviewOptions,
    serving: Serving<'_>,
) -> Result<(), ReviewError> {
    let Serving { clock, decoder, on_ready, is_stopped } = serving;
    // A store that does not exist is not created.
    ReadStore::open(&job.store).map_err(PipelineError::from)?;
    let (port, idle) = (options.port, options.idle);
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|source| ReviewError::Listen { port, source })?;
    let port = listener.local_addr()?.port();
    let store = Store::open(&job.store, clock.clone(), Arc::new(NoHooks)).map_err(PipelineError::from)?;
    let pictures = Pictures::start(|| PagePictures::new(job, decoder.clone(), clock.clone()))?;
    let parts = ReviewParts {
        options,
        job: job.clone(),
        questions: questions.clone(),
        store: store.clone(),
        pictures,
        clock: clock.clone(),
    };
    let review = Arc::new(Review::open(parts)?);
    if let Some(filter) = review.read_selection()? {
        store.close();
        return Err(ReviewError::NoMatch(filter.to_string()));
    }
    let guard = Guard::new(port);
    let address = guard.new_address()?;
    let routes = Routes::new(guard, Arc::new(Api::new(review)));
    on_ready(&address);
    let served = serve(listener, routes, &*clock, idle, is_stopped);
    store.close();
    Ok(served?)
}
