//! A file, opened: its pages, what their headers say, their pictures.
//!
//! Opening a PDF parses what a stranger wrote, and decoding does so anyway: both belong
//! into a process of their own (`prepare::Decoder`). The other formats are opened by
//! readers of our own, which only look at headers.

use super::pdf::pages::PdfFile;
use crate::media::decode;
use crate::media::fault::MediaFault;
use crate::media::kind::Format;
use crate::media::pixels::Pixels;
use crate::media::probe::{Probe, probe};
use crate::media::tiff::tiff_file::TiffFile;
use bytes::Bytes;

/// An opened file.
pub struct Document {
    bytes: Bytes,
    inside: Inside,
}

enum Inside {
    /// One picture.
    Picture(Probe),
    Tiff(TiffFile),
    Pdf(PdfFile),
}

impl Document {
    /// Tells what `bytes` are and how many pages they hold.
    ///
    /// # Errors
    /// What is no image, is not read, is damaged, needs a password or has no pages.
    pub fn open(bytes: Bytes) -> Result<Self, MediaFault> {
        let format = Format::of(&bytes)?;
        let inside = match format {
            Format::Tiff => Inside::Tiff(TiffFile::open(&bytes)?),
            Format::Pdf => Inside::Pdf(PdfFile::open(bytes.clone())?),
            _ => Inside::Picture(probe(&bytes)?),
        };
        Ok(Self { bytes, inside })
    }

    /// The file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Pages in it: at least one.
    #[must_use]
    pub fn pages(&self) -> u32 {
        match &self.inside {
            Inside::Picture(_) => 1,
            Inside::Tiff(tiff) => tiff.pages(),
            Inside::Pdf(pdf) => pdf.pages(),
        }
    }

    /// What is known of a page (from 1) before it is decoded.
    ///
    /// # Errors
    /// A page that is cut short, damaged, not read or larger than the bounds.
    pub fn probe(&self, page: u32) -> Result<Probe, MediaFault> {
        match &self.inside {
            Inside::Picture(probe) => Ok(*probe),
            Inside::Tiff(tiff) => tiff.probe(page)?.within_bounds(),
            Inside::Pdf(pdf) => pdf.probe(page)?.within_bounds(),
        }
    }

    /// The picture of a page, as stored (not yet upright), at `target` (width, height, as
    /// stored) or larger: no more than is needed is decoded where the format allows that.
    ///
    /// # Errors
    /// As [`Document::probe`], and what only decoding shows.
    pub fn decode(&self, page: u32, probe: &Probe, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        match &self.inside {
            Inside::Picture(_) => decode::decode(&self.bytes, probe, target),
            Inside::Tiff(tiff) => tiff.decode(&self.bytes, page, target),
            Inside::Pdf(pdf) => pdf.decode(page, target),
        }
    }
}
