//! The pages of a PDF. The image of a scanned page is decoded ([`super::scan`]); other pages
//! are drawn ([`super::renderer`]), upright and at the requested size.

use super::content_repair::{reads_to_its_end, repair};
use super::content_streams::find_lost_content;
use super::corrections::{Corrections, correct, correct_entries, dissolve_groups, replace_content};
use super::drawing::{Drawing, Manner, draw};
use super::encryption::open_without_attachments;
use super::font_flags::correct_font_flags;
use super::groups::BlendingGroups;
use super::page_tree::PageTree;
use super::renderer::PdfRenderers;
use super::scan::Scan;
use super::stream_corrections::correct_streams;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::ImageFormat;
use crate::media::page_layout::PageLayout;
use crate::media::pixels::Pixels;
use crate::media::probe::Probe;
use bytes::Bytes;
use hayro::hayro_syntax::object::Dict;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use image::metadata::Orientation;
use std::cell::OnceCell;
use std::sync::Arc;

/// Resolution of drawn pages: that of most scanners.
const DOTS_PER_INCH: f64 = 300.0;
/// Points an inch (ISO 32000-1, 8.3.2.3).
const POINTS_PER_INCH: f64 = 72.0;
/// Longest side of a drawn page, in pixels, whatever the size of the paper.
const MAX_SIDE: f64 = 4096.0;
/// The renderer of pages of which the scanned image is decoded.
const SCANNED_IMAGE: &str = "scanned image";

/// An open PDF.
pub(crate) struct PdfFile {
    bytes: Bytes,
    pdf: Pdf,
    tree: PageTree,
    layout: PageLayout,
    /// The same file without corrections, opened when it is needed.
    uncorrected: OnceCell<Option<Box<PdfFile>>>,
}

impl PdfFile {
    /// Opens the PDF with this content.
    ///
    /// # Errors
    /// A PDF that is damaged, needs a password or has no pages.
    pub(crate) fn open(bytes: Bytes) -> Result<Self, MediaFault> {
        Self::open_with(bytes, Corrections::All)
    }

    fn open_with(bytes: Bytes, corrections: Corrections) -> Result<Self, MediaFault> {
        let pdf = match Pdf::new(Arc::new(bytes.clone())) {
            Ok(pdf) => pdf,
            Err(error) => open_without_attachments(&bytes).ok_or_else(|| load_fault(error))?,
        };
        let (pdf, tree) = PageTree::read(pdf, corrections);
        let layout = tree.layout();
        if layout.count == 0 {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the PDF has no pages"));
        }
        Ok(Self { bytes, pdf, tree, layout, uncorrected: OnceCell::new() })
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

    /// Decodes or draws a page (from 1) at `target` (width, height, as stored) or larger. Also
    /// returns the renderer and its version.
    ///
    /// # Errors
    /// A page that does not exist, is cut short, damaged or too large, or can't be drawn completely.
    pub(crate) fn decode(
        &self,
        number: u32,
        target: (u32, u32),
        renderers: &PdfRenderers,
    ) -> Result<(Pixels, String), MediaFault> {
        let page = self.page(number)?;
        match Scan::find(page) {
            Some(scan) => {
                // Drawn upright, then turned to how the scan is stored: that is what the caller
                // turns upright.
                let upright = Probe::turn_size(target, scan.orientation);
                let turn = |(pixels, renderer)| (undo_orientation(pixels, scan.orientation), renderer);
                match scan.decode(page, target) {
                    Ok(Some(pixels)) => Ok((pixels, SCANNED_IMAGE.to_owned())),
                    Ok(None) => renderers.draw(&self.bytes, number, page, upright).map(turn),
                    Err(fault) if fault.kind == MediaFaultKind::CutShort => Err(fault),
                    // Another program may read the image; the built-in renderer would invent a part of it.
                    Err(fault) => renderers.draw_scan(&self.bytes, number, page, upright).map(turn).ok_or(fault),
                }
            }
            None => {
                // A scan in a changed file would have another size than the page as it is.
                let changed = self.changed(number, target);
                renderers.draw(&self.bytes, number, changed.as_ref().unwrap_or(self).page(number)?, target)
            }
        }
    }

    /// The same file with content of a page that the renderer reads to its end. `None`: it does that with the
    /// content as it is, or the content can't be repaired.
    fn repaired(&self, number: u32) -> Option<Self> {
        // Content whose bytes have changed is not repaired.
        let page = self.page(number).ok().filter(|page| find_lost_content(page).is_none())?;
        let content = page.page_stream().filter(|content| !reads_to_its_end(content))?;
        let content = Some(repair(content)).filter(|content| reads_to_its_end(content))?;
        let pdf = replace_content(&self.pdf, page.raw(), &content)?;
        self.reopened(pdf, number, &content)
    }

    /// The same file without the transparency groups of a page that the renderer would draw apart, as far as the page
    /// shows the same without them. `None`: it has none, or they can't be removed.
    fn dissolved(&self, number: u32, size: (u32, u32)) -> Option<Self> {
        let page = self.page(number).ok()?;
        let dissolve = |groups: &[Dict<'_>]| {
            let pdf =
                Some(groups).filter(|groups| !groups.is_empty()).and_then(|all| dissolve_groups(&self.pdf, all))?;
            self.reopened(pdf, number, page.page_stream().unwrap_or_default())
        };
        let BlendingGroups { plain, others } = BlendingGroups::find(page);
        let file = dissolve(&plain);
        if others.is_empty() {
            return file;
        }
        let all = dissolve(&[plain, others].concat());
        let pixels = |file: &Self| Some(draw(file.page(number).ok()?, size, Manner::Full).ok()?.pixels);
        let shows_the_same = |all: &Self| {
            let pictures = pixels(file.as_ref().unwrap_or(self)).zip(pixels(all));
            pictures.is_some_and(|(one, other)| one.is_similar(&other))
        };
        all.filter(shows_the_same).or(file)
    }

    /// The same file with fonts of a page whose encoding the renderer applies. `None`: it applies all, or draws none.
    fn encoded(&self, number: u32) -> Option<Self> {
        let page = self.page(number).ok()?;
        let corrections = Some(correct_font_flags(page)).filter(|corrections| !corrections.is_empty())?;
        self.reopened(correct(&self.pdf, &corrections)?, number, page.page_stream().unwrap_or_default())
    }

    /// The same file with streams of a page that the renderer can use. `None`: it can use all, or they can't be changed.
    fn usable(&self, number: u32) -> Option<Self> {
        let page = self.page(number).ok()?;
        let corrections = Some(correct_streams(page)).filter(|corrections| !corrections.is_empty())?;
        let pdf = correct_entries(&self.pdf, &corrections)?;
        self.reopened(pdf, number, page.page_stream().unwrap_or_default())
    }

    /// The same file as `pdf`. `None`: it has other pages, or the page not this content.
    fn reopened(&self, pdf: Pdf, number: u32, content: &[u8]) -> Option<Self> {
        let (pdf, tree) = PageTree::read(pdf, Corrections::Types);
        let layout = tree.layout();
        let file = Self { bytes: self.bytes.clone(), pdf, tree, layout, uncorrected: OnceCell::new() };
        let is_same = file.layout.count == self.layout.count
            && file.page(number).is_ok_and(|page| page.page_stream().unwrap_or_default() == content);
        is_same.then_some(file)
    }

    /// The same file, changed so that the renderer draws a page as viewers do. `None`: it does that with the file as
    /// it is.
    fn changed(&self, number: u32, size: (u32, u32)) -> Option<Self> {
        let repaired = self.repaired(number);
        let encoded = repaired.as_ref().unwrap_or(self).encoded(number).or(repaired);
        let usable = encoded.as_ref().unwrap_or(self).usable(number).or(encoded);
        usable.as_ref().unwrap_or(self).dissolved(number, size).or(usable)
    }

    /// Draws a page (from 1) with the built-in renderer only, upright.
    ///
    /// # Errors
    /// A page that does not exist or is too large.
    pub(crate) fn draw(&self, number: u32, size: (u32, u32)) -> Result<Drawing, MediaFault> {
        draw(self.changed(number, size).as_ref().unwrap_or(self).page(number)?, size, Manner::Full)
    }

    /// The same with the streams that the renderer can't use, as versions of the decoder before 10 did; `is_encoded`:
    /// with the encodings that it ignores, which versions before 9 did not apply. `None`: it draws the same.
    ///
    /// # Errors
    /// As [`PdfFile::draw`].
    pub(crate) fn draw_unusable(
        &self,
        number: u32,
        size: (u32, u32),
        is_encoded: bool,
    ) -> Result<Option<Drawing>, MediaFault> {
        let repaired = self.repaired(number);
        let encoded = repaired.as_ref().unwrap_or(self).encoded(number);
        let (has_encodings, file) = match encoded {
            Some(encoded) if is_encoded => (false, Some(encoded)),
            encoded => (encoded.is_some(), repaired),
        };
        let file = file.as_ref().unwrap_or(self);
        if !has_encodings && file.usable(number).is_none() {
            return Ok(None);
        }
        let dissolved = file.dissolved(number, size);
        draw(dissolved.as_ref().unwrap_or(file).page(number)?, size, Manner::Full).map(Some)
    }

    /// The same with the transparency groups as they are, as versions of the decoder before 7 did.
    ///
    /// # Errors
    /// As [`PdfFile::draw`].
    pub(crate) fn draw_groups_apart(&self, number: u32, size: (u32, u32)) -> Result<Drawing, MediaFault> {
        draw(self.repaired(number).as_ref().unwrap_or(self).page(number)?, size, Manner::Full)
    }

    /// Whether sizes of pages or appearances of form fields were corrected.
    pub(crate) fn is_corrected(&self) -> bool {
        self.tree.is_corrected()
    }

    /// Draws a page (from 1) without corrections, as versions of docmill before 0.2 did.
    ///
    /// # Errors
    /// As [`PdfFile::draw`].
    pub(crate) fn draw_uncorrected(
        &self,
        number: u32,
        size: (u32, u32),
        manner: Manner,
    ) -> Result<Drawing, MediaFault> {
        let open = || Self::open_with(self.bytes.clone(), Corrections::Types).ok().map(Box::new);
        let file = if self.is_corrected() { self.uncorrected.get_or_init(open).as_deref() } else { None };
        draw(file.unwrap_or(self).page(number)?, size, manner)
    }

    /// Whether versions of the decoder before 5 decoded the scan that a page (from 1) is with other colours.
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn had_other_colors(&self, number: u32) -> Result<bool, MediaFault> {
        Ok(Scan::find(self.page(number)?).is_some_and(|scan| scan.had_other_colors()))
    }

    /// Whether a page (from 1) is drawn, and not decoded as a scan.
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn is_drawn(&self, number: u32) -> Result<bool, MediaFault> {
        Ok(Scan::find(self.page(number)?).is_none())
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
