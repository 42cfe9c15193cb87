//! The PDF renderer of a job.

use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use crate::manifest::PdfRenderer;

/// Checks that the renderer is installed.
///
/// # Errors
/// When it is not.
pub(crate) fn check_renderer(renderer: PdfRenderer, environment: &Environment) -> Result<(), Error> {
    if renderer == PdfRenderer::Pdftoppm && environment.decoder().pdftoppm().is_none() {
        let message = "`image.pdf_renderer` is `pdftoppm`, which is not installed";
        return Err(Error::new(WRONG_INPUT, message)
            .with_hint("install Poppler (`poppler-utils` of Debian and Ubuntu), or use `pdf_renderer: auto`"));
    }
    Ok(())
}
