//! The pages of a TIFF: its chain of directories, without thumbnails and masks. Source: TIFF
//! 6.0, and the BigTIFF design.

use super::byte_layout::ByteLayout;
use super::changes::find_change;
use super::directory::Directory;
use super::fax_page::{decode_fax, is_fax};
use super::raster::decode_raster;
use crate::media::earlier::EarlierPicture;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::ImageFormat;
use crate::media::pixels::Pixels;
use crate::media::probe::Probe;
use image::metadata::Orientation;
use std::collections::HashSet;
use tiff::tags::CompressionMethod;

/// Directories of a file that are read.
const MAX_DIRECTORIES: usize = 100_000;

/// An open TIFF.
pub(crate) struct TiffFile {
    pages: Vec<Directory>,
}

impl TiffFile {
    /// Reads the directories of a file.
    ///
    /// # Errors
    /// A file that is cut short or has no pages.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, MediaFault> {
        let cut = MediaFault::cut_short;
        let layout = ByteLayout::read(bytes).ok_or_else(cut)?;
        let mut seen = HashSet::new();
        let (mut pages, mut others) = (Vec::new(), Vec::new());
        let mut next = layout.first_directory(bytes).ok_or_else(cut)?;
        // A link to a directory that was read before ends the chain.
        while next != 0 && seen.insert(next) && seen.len() <= MAX_DIRECTORIES {
            let Some((directory, after)) = Directory::read(bytes, layout, next) else {
                // Of a chain that leads out of the file, the pages before that link are kept.
                if pages.is_empty() && others.is_empty() {
                    return Err(cut());
                }
                break;
            };
            if directory.is_page() {
                pages.push(directory);
            } else {
                others.push(directory);
            }
            next = after;
        }
        let pages = if pages.is_empty() { others } else { pages };
        if pages.is_empty() {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the file has no pages"));
        }
        Ok(Self { pages })
    }

    /// The number of pages: at least one.
    pub(crate) fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    fn page(&self, page: u32) -> Result<&Directory, MediaFault> {
        let at = usize::try_from(page).ok().and_then(|page| page.checked_sub(1));
        at.and_then(|at| self.pages.get(at)).ok_or_else(|| MediaFault::no_page(page))
    }

    /// The properties of a page (from 1).
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn probe(&self, page: u32) -> Result<Probe, MediaFault> {
        let directory = self.page(page)?;
        let orientation = Orientation::from_exif(u8::try_from(directory.orientation).unwrap_or(1));
        let (width, height) = directory.shown_size();
        Ok(Probe {
            format: ImageFormat::Tiff,
            width,
            height,
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            is_plain: false,
        })
    }

    /// Compares a page (from 1) with what earlier versions of docmill made of it.
    ///
    /// # Errors
    /// A page that does not exist, or that earlier versions took for complete, and is not.
    pub(crate) fn compare_with_earlier(&self, bytes: &[u8], page: u32) -> Result<EarlierPicture, MediaFault> {
        let directory = self.page(page)?;
        if directory.is_compressed_with(&[CompressionMethod::ModernJPEG]) {
            self.probe(page)?.check_size()?;
            self.decode(bytes, page, (1, 1))?;
        }
        Ok(find_change(directory).map_or(EarlierPicture::Same, |reason| EarlierPicture::Different(reason.to_owned())))
    }

    /// Decodes a page (from 1) of the file with this content. A fax page is downscaled to
    /// `target` (width, height), other pages are decoded at their own size.
    ///
    /// # Errors
    /// A page that does not exist, is cut short, damaged, not supported or too large.
    pub(crate) fn decode(&self, bytes: &[u8], page: u32, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        let directory = self.page(page)?;
        if is_fax(directory) {
            decode_fax(bytes, directory, target)
        } else if directory.is_compressed_with(&[CompressionMethod::JPEG]) {
            Err(MediaFault::unsupported("TIFF with old-style JPEG compression"))
        } else {
            decode_raster(bytes, directory)
        }
    }
}
