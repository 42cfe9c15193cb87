//! The pages of a PDF. The image of a scanned page is decoded ([`super::scan`]); other pages
//! are drawn by `hayro`, upright and at the requested size.

use super::encryption::open_without_attachments;
use super::page_tree::PageTree;
use super::scan::Scan;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::ImageFormat;
use crate::media::page_layout::PageLayout;
use crate::media::pixels::Pixels;
use crate::media::probe::Probe;
use bytes::Bytes;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use image::metadata::Orientation;
use std::sync::Arc;

/// Resolution of drawn pages: that of most scanners.
const DOTS_PER_INCH: f64 = 300.0;
/// Points an inch (ISO 32000-1, 8.3.2.3).
const POINTS_PER_INCH: f64 = 72.0;
/// Longest side of a drawn page, in pixels, whatever the size of the paper.
const MAX_SIDE: f64 = 4096.0;

/// An open PDF.
pub(crate) struct PdfFile {
    pdf: Pdf,
    tree: PageTree,
    layout: PageLayout,
}

impl PdfFile {
    /// Opens the PDF with this content.
    ///
    /// # Errors
    /// A PDF that is damaged, needs a password or has no pages.
    pub(crate) fn open(bytes: Bytes) -> Result<Self, MediaFault> {
        let pdf = match Pdf::new(Arc::new(bytes.clone())) {
            Ok(pdf) => pdf,
            Err(error) => open_without_attachments(&bytes).ok_or_else(|| load_fault(error))?,
        };
        let (pdf, tree) = PageTree::read(pdf);
        let layout = tree.layout();
        if layout.count == 0 {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the PDF has no pages"));
        }
        Ok(Self { pdf, tree, layout })
    }

    /// The numbers of its pages.
    pub(crate) fn layout(&self) -> &PageLayout {
        &self.layout
    }

    fn page(&self, page: u32) -> Result<&Page<'_>, MediaFault> {
        let place = self.tree.place(page).ok_or_else(|| MediaFault::no_page(page))?;
        let found = place.and_then(|place| self.pdf.pages().get(place));
        found.ok_or_else(|| MediaFault::damaged(format!("page {page} of the PDF is missing or damaged")))
    }

    /// The properties of a page (from 1).
    ///
    /// # Errors
    /// A page that does not exist or can't be read.
    pub(crate) fn probe(&self, page: u32) -> Result<Probe, MediaFault> {
        let page = self.page(page)?;
        let (width, height, orientation) = match Scan::find(page) {
            Some(scan) => (scan.width, scan.height, scan.orientation),
            None => {
                let (width, height) = nominal_size(page);
                (width, height, Orientation::NoTransforms)
            }
        };
        Ok(Probe { format: ImageFormat::Pdf, width, height, orientation, is_plain: false })
    }

    /// Decodes or draws a page (from 1) at `target` (width, height, as stored) or larger.
    ///
    /// # Errors
    /// A page that does not exist, is cut short, damaged or too large.
    pub(crate) fn decode(&self, page: u32, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        let page = self.page(page)?;
        match Scan::find(page) {
            Some(scan) => match scan.decode(page, target)? {
                Some(pixels) => Ok(pixels),
                // Drawn upright, then turned to how the scan is stored: that is what the caller
                // turns upright.
                None => draw(page, Probe::turn_size(target, scan.orientation))
                    .map(|pixels| undo_orientation(pixels, scan.orientation)),
            },
            None => draw(page, target),
        }
    }
}

/// Why the library can't open a file.
fn load_fault(error: LoadPdfError) -> MediaFault {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            MediaFault::new(MediaFaultKind::PasswordProtected, "the PDF needs a password; save it without one")
        }
        LoadPdfError::Decryption(_) => MediaFault::new(
            MediaFaultKind::UnsupportedFormat,
            "the encryption of the PDF is not supported; save it without encryption",
        ),
        LoadPdfError::Invalid => MediaFault::damaged("the PDF is damaged"),
    }
}

/// The size of a drawn page in pixels.
fn nominal_size(page: &Page<'_>) -> (u32, u32) {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let scale = (DOTS_PER_INCH / POINTS_PER_INCH).min(MAX_SIDE / width.max(height));
    let pixels = |points: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most MAX_SIDE")]
        let pixels = (points * scale).round().clamp(1.0, MAX_SIDE) as u32;
        pixels
    };
    (pixels(width), pixels(height))
}

/// Draws a page upright at this size, over white.
fn draw(page: &Page<'_>, (width, height): (u32, u32)) -> Result<Pixels, MediaFault> {
    let too_large = |_| MediaFault::new(MediaFaultKind::TooLarge, "the page is too large to be drawn");
    let (across, down) = (u16::try_from(width).map_err(too_large)?, u16::try_from(height).map_err(too_large)?);
    let points = page.render_dimensions();
    let scale =
        Affine::scale_non_uniform(f64::from(width) / f64::from(points.0), f64::from(height) / f64::from(points.1));
    let mut context = RenderContext::new(across, down);
    render_into(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &mut context,
        scale * page.initial_transform(true).to_kurbo(),
    );
    context.flush();
    let mut pixmap = Pixmap::new(across, down);
    let settings = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixmap, &mut Resources::default(), settings);
    let data = pixmap.data_as_u8_slice().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok(Pixels { width, height, channels: 3, data }.simplify())
}

/// Applies the inverse of `orientation`.
fn undo_orientation(pixels: Pixels, orientation: Orientation) -> Pixels {
    let inverse = match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        other => other,
    };
    if inverse == Orientation::NoTransforms {
        return pixels;
    }
    match pixels.clone().into_image() {
        Some(mut picture) => {
            picture.apply_orientation(inverse);
            Pixels::from_image(picture)
        }
        None => pixels,
    }
}
