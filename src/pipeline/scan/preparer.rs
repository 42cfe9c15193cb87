//! Prepares pages in the form that is sent.

use super::pass::{ScanPass, ScanPurpose};
use super::queue::FilePages;
use super::reread::ComparedPage;
use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::manifest::{Image, Size};
use crate::media::{MediaFault, MediaFaultKind, PageLayout};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::ready_page::{PageToPrepare, ReadyPage};
use crate::prepare::{Decoder, DecoderCommand, PageFeatures, Prepared, pass_through};
use bytes::Bytes;
use std::sync::Arc;

/// Shorter side of a page that is prepared only to compute its features, in pixels.
const INSPECTED_SIDE: u32 = 400;

/// Prepares the pages of one file after the other. Owns a decoder process.
pub(crate) struct Preparer {
    run: Arc<RunContext>,
    pass: Arc<ScanPass>,
    decoder: Decoder,
    /// The file that the decoder has open, and the numbers of its pages.
    opened: Option<(Digest, Arc<PageLayout>)>,
}

/// What preparing a page brought.
pub(crate) struct PreparedPage {
    /// The page.
    pub(crate) page: PageId,
    /// What has drawn it, with its version; `None` for formats that are not drawn.
    pub(crate) renderer: Option<String>,
    /// Its features, when they were computed.
    pub(crate) features: Option<PageFeatures>,
    /// What follows.
    pub(crate) next: NextStep,
}

/// What follows for a prepared page.
pub(crate) enum NextStep {
    /// It is sent.
    Ask(Box<ReadyPage>),
    /// Nothing: it is blank, or only its features were requested.
    Nothing,
    /// It can't be asked as the job specifies: a fault of the request, not of the page.
    Fail(MediaFault),
    /// It could not be decoded for lack of memory: a later run tries again.
    Postpone(MediaFault),
    /// It gives no picture.
    Unreadable(MediaFault),
}

impl Preparer {
    /// A preparer that gives up when the run ends at once.
    pub(crate) fn new(run: Arc<RunContext>, pass: Arc<ScanPass>, decoder: &DecoderCommand) -> Self {
        let shutdown = run.shutdown.clone();
        let decoder = Decoder::new(decoder.clone()).cancel_when(move || shutdown.is_immediate());
        Self { run, pass, decoder, opened: None }
    }

    /// Gives up the content of the open file.
    pub(crate) fn close_file(&mut self) {
        self.opened = None;
        self.decoder.close();
    }

    /// Opens a file in the decoder, unless it is open; the numbers of its pages.
    ///
    /// # Errors
    /// When the decoder can't be started: how the run ends.
    pub(crate) fn open(
        &mut self,
        content: Digest,
        bytes: &Bytes,
    ) -> Result<Result<Arc<PageLayout>, MediaFault>, RunOutcome> {
        if let Some((_, layout)) = self.opened.as_ref().filter(|(opened, _)| *opened == content) {
            return Ok(Ok(layout.clone()));
        }
        self.opened = None;
        let opened = self.decoder.open(bytes).map_err(|error| RunOutcome::InternalError(error.to_string()))?;
        let opened = opened.map(Arc::new);
        if let Ok(layout) = &opened {
            self.opened = Some((content, layout.clone()));
        }
        Ok(opened)
    }

    /// Compares an answered page of a file with what the decoder of the version `earlier` made of it.
    ///
    /// # Errors
    /// When the decoder can't be started: how the run ends.
    pub(crate) fn compare_with_earlier(
        &mut self,
        page: PageId,
        earlier: u32,
        bytes: &Bytes,
    ) -> Result<ComparedPage, RunOutcome> {
        if let Err(fault) = self.open(page.content, bytes)? {
            return Ok(ComparedPage::from(fault));
        }
        let compared = ComparedPage::compare(&mut self.decoder, (page.page, &self.run.job.image), earlier);
        compared.map_err(|error| RunOutcome::InternalError(error.to_string()))
    }

    /// Prepares one page of a file.
    ///
    /// # Errors
    /// When the decoder can't be started: how the run ends.
    pub(crate) fn prepare(&mut self, file: &FilePages, to_prepare: &PageToPrepare) -> Result<PreparedPage, RunOutcome> {
        let page = PageId { content: file.content, page: to_prepare.page };
        let is_inspection = self.pass.purpose == ScanPurpose::Inspect;
        let (mut features, mut renderer) = (None, None);
        let next = match self.prepare_image(file, to_prepare)? {
            Ok(prepared) => {
                features = prepared.features;
                renderer.clone_from(&prepared.renderer);
                let is_blank =
                    self.run.job.input.skip_blank && features.as_ref().is_some_and(|features| features.is_blank);
                if is_blank && to_prepare.has_unasked || is_inspection {
                    NextStep::Nothing
                } else {
                    let (tasks, questions, path) =
                        (to_prepare.tasks.clone(), file.questions.clone(), file.path.clone());
                    NextStep::Ask(Box::new(ReadyPage { page, tasks, path, prepared, questions }))
                }
            }
            Err(fault) if fault.kind == MediaFaultKind::RequestTooLarge => NextStep::Fail(fault),
            Err(fault) if fault.kind == MediaFaultKind::DecoderOutOfMemory => NextStep::Postpone(fault),
            Err(fault) => NextStep::Unreadable(fault),
        };
        Ok(PreparedPage { page, renderer, features, next })
    }

    fn prepare_image(
        &mut self,
        file: &FilePages,
        to_prepare: &PageToPrepare,
    ) -> Result<Result<Prepared, MediaFault>, RunOutcome> {
        let job = self.run.job.clone();
        let is_inspection = self.pass.purpose == ScanPurpose::Inspect;
        let with_features = is_inspection || job.input.skip_blank && !to_prepare.has_features;
        let image = match is_inspection {
            true => Image { size: Size::Economy, min_side: Some(INSPECTED_SIDE), ..job.image },
            false => job.image,
        };
        if !with_features {
            match pass_through(&file.bytes, &image) {
                Ok(Some(prepared)) => return Ok(Ok(prepared)),
                Ok(None) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
        if let Err(fault) = self.open(file.content, &file.bytes)? {
            return Ok(Err(fault));
        }
        self.decoder
            .prepare(to_prepare.page, &image, with_features)
            .map_err(|error| RunOutcome::InternalError(error.to_string()))
    }
}
