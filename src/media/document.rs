//! An open file: its pages, their sizes and their pictures.
//!
//! Opening a PDF and decoding any format run complex parsers on untrusted input: both belong in a separate process
//! (`prepare::Decoder`). For the other formats, opening only reads headers.

use super::decode;
use super::earlier::EarlierPicture;
use super::fault::MediaFault;
use super::kind::ImageFormat;
use super::page_layout::PageLayout;
use super::pdf::pdf_file::PdfFile;
use super::pdf::renderer::PdfRenderers;
use super::pixels::Pixels;
use super::probe::{Probe, probe};
use super::tiff::tiff_file::TiffFile;
use bytes::Bytes;

/// An open file.
pub struct Document {
    bytes: Bytes,
    content: Content,
}

enum Content {
    /// A file of one picture, with its header.
    Picture(Probe),
    Tiff(TiffFile),
    Pdf(Box<PdfFile>),
}

impl Document {
    /// Opens the file with this content.
    ///
    /// # Errors
    /// A file that is not an image, is not supported, is damaged, needs a password or has no
    /// pages.
    pub fn open(bytes: Bytes) -> Result<Self, MediaFault> {
        let format = ImageFormat::detect(&bytes)?;
        let content = match format {
            ImageFormat::Tiff => Content::Tiff(TiffFile::open(&bytes)?),
            ImageFormat::Pdf => Content::Pdf(Box::new(PdfFile::open(bytes.clone())?)),
            _ => Content::Picture(probe(&bytes)?),
        };
        Ok(Self { bytes, content })
    }

    /// The content of the file.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The numbers of the pages.
    #[must_use]
    pub fn layout(&self) -> PageLayout {
        match &self.content {
            Content::Pdf(pdf) => pdf.layout().clone(),
            Content::Tiff(tiff) => tiff.layout(),
            Content::Picture(_) => PageLayout::of_count(1),
        }
    }

    /// The properties of a page (from 1), without decoding it.
    ///
    /// # Errors
    /// A page that does not exist, is cut short, damaged, not supported or too large.
    pub fn probe(&self, page: u32) -> Result<Probe, MediaFault> {
        match &self.content {
            Content::Picture(probe) => Ok(*probe),
            Content::Tiff(tiff) => tiff.probe(page)?.check_size(),
            Content::Pdf(pdf) => pdf.probe(page)?.check_size(),
        }
    }

    /// Decodes a page (from 1) as stored, without its orientation, at `target` (width, height)
    /// or larger. Formats with smaller resolutions are decoded at the next one. Pages of PDFs are
    /// drawn with the built-in renderer.
    ///
    /// # Errors
    /// As [`Document::probe`], and faults that only decoding shows.
    pub fn decode(&self, page: u32, probe: &Probe, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        self.decode_with(page, probe, target, &PdfRenderers::default()).map(|(pixels, _)| pixels)
    }

    /// The same with these renderers of PDFs. Also returns which of them drew the page, with its
    /// version; `None` for other formats.
    ///
    /// # Errors
    /// As [`Document::decode`].
    pub fn decode_with(
        &self,
        page: u32,
        probe: &Probe,
        target: (u32, u32),
        renderers: &PdfRenderers,
    ) -> Result<(Pixels, Option<String>), MediaFault> {
        let pixels = match &self.content {
            Content::Picture(_) => decode::decode(&self.bytes, probe, target),
            Content::Tiff(tiff) => tiff.decode(&self.bytes, page, target),
            Content::Pdf(pdf) => {
                let (pixels, renderer) = pdf.decode(page, target, renderers)?;
                return Ok((pixels, Some(renderer)));
            }
        };
        Ok((pixels?, None))
    }

    /// Compares a page (from 1) with what the decoder of the version `earlier` made of it, at `size`
    /// (width, height, upright) or smaller.
    ///
    /// # Errors
    /// As [`Document::probe`].
    pub fn compare_with_earlier(
        &self,
        page: u32,
        size: (u32, u32),
        earlier: u32,
    ) -> Result<EarlierPicture, MediaFault> {
        match &self.content {
            Content::Pdf(pdf) => EarlierPicture::of_pdf(pdf, page, size, earlier),
            Content::Tiff(tiff) => tiff.compare_with_earlier(&self.bytes, page, earlier),
            Content::Picture(probe) => EarlierPicture::of_picture(&self.bytes, probe, earlier),
        }
    }
}

#[cfg(test)]
mod tests;
