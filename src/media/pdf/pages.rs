//! PDF: each page upright, at the size that is wanted and no larger. A page that is one
//! scanned image gives that image ([`super::scan`]); others are drawn by `hayro`.

use super::scan::Scan;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::Format;
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

/// Pixels per inch that a drawn page is supposed to have: what scanners make.
const DOTS_PER_INCH: f64 = 300.0;
/// Points per inch (ISO 32000-1, 8.3.2.3).
const POINTS_PER_INCH: f64 = 72.0;
/// Longest side that is drawn, in pixels, however large the paper.
const LONGEST: f64 = 4096.0;

/// The pages of a PDF.
pub(crate) struct PdfFile {
    pdf: Pdf,
}

impl PdfFile {
    pub(crate) fn open(bytes: Bytes) -> Result<Self, MediaFault> {
        let pdf = Pdf::new(Arc::new(bytes)).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => MediaFault::new(
                MediaFaultKind::PasswordProtected,
                "the PDF opens only with a password; save it without one",
            ),
            LoadPdfError::Decryption(_) => MediaFault::new(
                MediaFaultKind::UnsupportedFormat,
                "the PDF is encrypted in a way that is not read; save it without encryption",
            ),
            LoadPdfError::Invalid => MediaFault::new(MediaFaultKind::Damaged, "the PDF is damaged"),
        })?;
        if pdf.pages().is_empty() {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the PDF has no pages"));
        }
        Ok(Self { pdf })
    }

    pub(crate) fn pages(&self) -> u32 {
        u32::try_from(self.pdf.pages().len()).unwrap_or(u32::MAX)
    }

    fn page(&self, page: u32) -> Result<&Page<'_>, MediaFault> {
        let at = usize::try_from(page).ok().and_then(|page| page.checked_sub(1));
        at.and_then(|at| self.pdf.pages().get(at))
            .ok_or_else(|| MediaFault::new(MediaFaultKind::NoPages, format!("there is no page {page}")))
    }

    pub(crate) fn probe(&self, page: u32) -> Result<Probe, MediaFault> {
        let page = self.page(page)?;
        let (width, height, orientation) = match Scan::of(page) {
            Some(scan) => (scan.width, scan.height, scan.orientation),
            None => {
                let (width, height) = nominal(page);
                (width, height, Orientation::NoTransforms)
            }
        };
        Ok(Probe { format: Format::Pdf, width, height, orientation, is_plain: false })
    }

    pub(crate) fn decode(&self, page: u32, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        let page = self.page(page)?;
        match Scan::of(page) {
            Some(scan) => match scan.decode(target)? {
                Some(pixels) => Ok(pixels),
                // Drawn as stored: it is turned upright later, as the scan would have been.
                None => drawn(page, Probe::turned(target, scan.orientation))
                    .map(|pixels| turned_back(pixels, scan.orientation)),
            },
            None => drawn(page, target),
        }
    }
}

/// The size of a page that has no pixels of its own.
fn nominal(page: &Page<'_>) -> (u32, u32) {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let scale = (DOTS_PER_INCH / POINTS_PER_INCH).min(LONGEST / width.max(height));
    let pixels = |points: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most LONGEST")]
        let pixels = (points * scale).round().clamp(1.0, LONGEST) as u32;
        pixels
    };
    (pixels(width), pixels(height))
}

/// Draws an upright page at exactly this size, over white.
fn drawn(page: &Page<'_>, (width, height): (u32, u32)) -> Result<Pixels, MediaFault> {
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
    Ok(Pixels { width, height, channels: 3, data }.without_needless_colour())
}

/// Undoes `orientation`.
fn turned_back(pixels: Pixels, orientation: Orientation) -> Pixels {
    let back = match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        other => other,
    };
    if back == Orientation::NoTransforms {
        return pixels;
    }
    let plain = pixels.clone();
    match crate::media::decode::to_image(pixels) {
        Some(mut picture) => {
            picture.apply_orientation(back);
            Pixels::from_image(picture)
        }
        None => plain,
    }
}
