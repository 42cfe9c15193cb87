//! The pages of a TIFF: its chain of directories, without thumbnails and masks. Source: TIFF
//! 6.0, and the BigTIFF design.

use super::byte_layout::ByteLayout;
use super::changes::find_change;
use super::directory::Directory;
use super::fax_page::{decode_fax, is_fax};
use super::raster::decode_raster;
use crate::base::decoder_version::TIFF_PAGES_VERSION;
use crate::media::earlier::EarlierPicture;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::ImageFormat;
use crate::media::page_layout::PageLayout;
use crate::media::pixels::Pixels;
use crate::media::probe::Probe;
use image::metadata::Orientation;
use std::collections::HashSet;
use tiff::tags::CompressionMethod;

/// Directories of a file that are read.
const MAX_DIRECTORIES: usize = 100_000;

/// An open TIFF.
pub(crate) struct TiffFile {
    /// Pages that can't be read keep their numbers.
    pages: Vec<Result<Directory, MediaFault>>,
    /// The numbers of the pages that have a size: all that versions of the decoder before 5 listed.
    sized: Vec<u32>,
}

/// What a link of the chain leads to.
enum Link {
    Page(Directory),
    /// A thumbnail or a mask.
    Other(Directory),
    Broken(MediaFault),
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
        let mut links = Vec::new();
        let mut next = layout.first_directory(bytes).ok_or_else(cut)?;
        // A link to a directory that was read before ends the chain.
        while next != 0 && seen.insert(next) && seen.len() <= MAX_DIRECTORIES {
            let Some((directory, after)) = Directory::read(bytes, layout, next) else {
                if links.is_empty() {
                    return Err(cut());
                }
                // Where a chain leads out of the file, there was a page. What follows it is unknown.
                links.push(Link::Broken(cut()));
                break;
            };
            next = after;
            links.push(match () {
                () if directory.is_page() => Link::Page(directory),
                () if directory.is_part_of_page() => Link::Other(directory),
                () => {
                    // The link may have led anywhere.
                    if directory.is_empty() {
                        next = 0;
                    }
                    Link::Broken(MediaFault::damaged("the page has no size"))
                }
            });
        }
        let has_pages = links.iter().any(|link| matches!(link, Link::Page(_)));
        let (mut pages, mut sized) = (Vec::new(), Vec::new());
        for link in links {
            match link {
                Link::Page(directory) => {
                    pages.push(Ok(directory));
                    sized.push(u32::try_from(pages.len()).unwrap_or(u32::MAX));
                }
                // All that is left of some files.
                Link::Other(directory) if !has_pages => pages.push(Ok(directory)),
                Link::Other(_) => {}
                Link::Broken(fault) => pages.push(Err(fault)),
            }
        }
        if pages.is_empty() {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the file has no pages"));
        }
        Ok(Self { pages, sized })
    }

    /// The numbers of the pages.
    pub(crate) fn layout(&self) -> PageLayout {
        let has_changed = (1..).zip(&self.sized).any(|(number, now)| number != *now);
        PageLayout {
            earlier_numbers: has_changed.then(|| self.sized.clone()),
            numbered_since: TIFF_PAGES_VERSION,
            ..PageLayout::of_count(self.page_count())
        }
    }

    /// The number of pages: at least one.
    pub(crate) fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    fn page(&self, page: u32) -> Result<&Directory, MediaFault> {
        let at = usize::try_from(page).ok().and_then(|page| page.checked_sub(1));
        let found = at.and_then(|at| self.pages.get(at)).ok_or_else(|| MediaFault::no_page(page))?;
        found.as_ref().map_err(Clone::clone)
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

    /// Compares a page (from 1) with what the decoder of the version `earlier` made of it.
    ///
    /// # Errors
    /// A page that does not exist, or that earlier versions took for complete, and is not.
    pub(crate) fn compare_with_earlier(
        &self,
        bytes: &[u8],
        page: u32,
        earlier: u32,
    ) -> Result<EarlierPicture, MediaFault> {
        self.probe(page)?.check_size()?;
        self.decode(bytes, page, (1, 1))?;
        let change = find_change(bytes, self.page(page)?, earlier)?;
        Ok(change.map_or(EarlierPicture::Same, |reason| EarlierPicture::Different(reason.to_owned())))
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
