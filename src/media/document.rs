//! An open file: its pages, their sizes and their pictures.
//!
//! Opening a PDF and decoding any format run complex parsers on untrusted input: both belong
//! in a process of their own (`prepare::Decoder`). For the other formats, opening only reads
//! headers.

use super::decode;
use super::earlier::EarlierPicture;
use super::fault::MediaFault;
use super::kind::ImageFormat;
use super::page_layout::PageLayout;
use super::pdf::pdf_file::PdfFile;
use super::picture_changes::compare_picture;
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
    Pdf(PdfFile),
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
            ImageFormat::Pdf => Content::Pdf(PdfFile::open(bytes.clone())?),
            _ => Content::Picture(probe(&bytes)?),
        };
        Ok(Self { bytes, content })
    }

    /// The content of the file.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The number of pages: at least one.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        match &self.content {
            Content::Picture(_) => 1,
            Content::Tiff(tiff) => tiff.page_count(),
            Content::Pdf(pdf) => pdf.layout().count,
        }
    }

    /// The numbers of the pages.
    #[must_use]
    pub fn layout(&self) -> PageLayout {
        match &self.content {
            Content::Pdf(pdf) => pdf.layout().clone(),
            _ => PageLayout::of_count(self.page_count()),
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

    /// What versions of docmill before this one made of a page (from 1), compared with what this one
    /// makes of it at `target` (width, height).
    ///
    /// # Errors
    /// A page that this version can't decode.
    pub fn compare_with_earlier(&self, page: u32, _target: (u32, u32)) -> Result<EarlierPicture, MediaFault> {
        match &self.content {
            Content::Picture(probe) => compare_picture(&self.bytes, probe),
            Content::Tiff(tiff) => tiff.compare_with_earlier(&self.bytes, page),
            Content::Pdf(_) => self.probe(page).map(|_| EarlierPicture::Same),
        }
    }

    /// Decodes a page (from 1) as stored, without its orientation, at `target` (width, height)
    /// or larger. Formats with smaller resolutions are decoded at the next one.
    ///
    /// # Errors
    /// As [`Document::probe`], and faults that only decoding shows.
    pub fn decode(&self, page: u32, probe: &Probe, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        match &self.content {
            Content::Picture(_) => decode::decode(&self.bytes, probe, target),
            Content::Tiff(tiff) => tiff.decode(&self.bytes, page, target),
            Content::Pdf(pdf) => pdf.decode(page, target),
        }
    }
}
