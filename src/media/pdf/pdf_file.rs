//! The pages of a PDF. The image of a scanned page is decoded ([`super::scan`]); other pages
//! are drawn ([`super::renderer`]), upright and at the requested size.

use super::annotations::{draw_annotations, list_existing_annotations, list_shown_annotations};
use super::change::Change;
use super::content_repair::{reads_to_its_end, repair};
use super::content_streams::find_lost_content;
use super::corrections::{
    Correction, Corrections, correct, correct_annotations, correct_entries, correct_layers, correct_layers_as_before,
    dissolve_groups, replace_content,
};
use super::drawing::{Drawing, Manner, draw, nominal_size};
use super::font_entries::find_entries;
use super::font_flags::{find_flags_as_before, find_type};
use super::font_programs::find_unusual_program;
use super::groups::BlendingGroups;
use super::layers::Hideable;
use super::opening::open_pdf;
use super::page_fonts::{FontEntries, FontPlaces, correct_fonts};
use super::page_tree::PageTree;
use super::palettes::find_text_palettes;
use super::references::{Objects, find_forwarded_objects, find_unmatched_objects};
use super::renderer::PdfRenderers;
use super::scan::{OpaqueMasks, Scan, with_scan};
use super::stream_corrections::{StreamCorrection, correct_streams, show_appearances};
use super::type3_text::with_filled_text;
use super::update::{open_with, open_without_table};
use crate::base::decoder_version::DECODER_VERSION;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::ImageFormat;
use crate::media::page_layout::PageLayout;
use crate::media::pixels::Pixels;
use crate::media::probe::Probe;
use bytes::Bytes;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::Dict;
use hayro::hayro_syntax::page::Page;
use image::metadata::Orientation;
use std::cell::OnceCell;

/// How often the fonts of a page are corrected.
const MAX_FONT_PASSES: u32 = 8;
/// The renderer of pages whose scanned image is decoded.
const SCANNED_IMAGE: &str = "scanned image";

/// An open PDF.
pub(crate) struct PdfFile {
    bytes: Bytes,
    pdf: Pdf,
    tree: PageTree,
    layout: PageLayout,
    /// The same file without corrections, opened when it is needed.
    uncorrected: OnceCell<Option<Box<PdfFile>>>,
    /// The states of layers that the renderer reads, if those of the file are others.
    layers: OnceCell<Option<Correction>>,
    masks: OpaqueMasks,
    /// Objects that references of another generation do not find.
    unmatched: OnceCell<Objects>,
    /// Objects that references to another reference do not find.
    forwarded: OnceCell<Objects>,
    /// The same file with both, opened when it is needed.
    followed: OnceCell<Option<Box<PdfFile>>>,
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
        let (pdf, tree) = PageTree::read(open_pdf(&bytes)?, corrections);
        if tree.layout().count == 0 {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the PDF has no pages"));
        }
        Ok(Self::new(bytes, pdf, tree))
    }

    fn new(bytes: Bytes, pdf: Pdf, tree: PageTree) -> Self {
        let layout = tree.layout();
        Self {
            bytes,
            pdf,
            tree,
            layout,
            uncorrected: OnceCell::new(),
            layers: OnceCell::new(),
            masks: OpaqueMasks::default(),
            unmatched: OnceCell::new(),
            forwarded: OnceCell::new(),
            followed: OnceCell::new(),
        }
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
        let found = self.with_scan(page, |scan| scan.map(|(scan, _)| (scan.width, scan.height, scan.orientation)))?;
        let (width, height, orientation) = match found {
            Some(scan) => scan,
            None => {
                let (width, height) = nominal_size(self.page(page)?);
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
        // Another program does not follow references to references, and reads changed files otherwise.
        let own = PdfRenderers::default();
        let is_followed = self.with_objects(number, self.forwarded()).is_some();
        let renderers = if is_followed { &own } else { renderers };
        let file = self.followed(number).unwrap_or(self);
        let page = file.page(number)?;
        with_scan(page, &file.masks, |found| match found {
            Some((scan, place)) => {
                // Drawn upright, then turned to how the scan is stored: that is what the caller
                // turns upright.
                let upright = Probe::turn_size(target, scan.orientation);
                let turn = |(pixels, renderer)| (undo_orientation(pixels, scan.orientation), renderer);
                match scan.decode(place, target) {
                    Ok(Some(pixels)) => Ok((pixels, SCANNED_IMAGE.to_owned())),
                    Ok(None) => renderers.draw(&self.bytes, number, page, upright).map(turn),
                    Err(fault) if fault.kind == MediaFaultKind::CutShort => Err(fault),
                    // Another program may read the image; the built-in renderer would invent a part of it.
                    Err(fault) => renderers.draw_scan(&self.bytes, number, page, upright).map(turn).ok_or(fault),
                }
            }
            None => {
                // A scan in a changed file would have another size than the unchanged page.
                let changed = self.changed(number, target);
                let page = changed.as_ref().unwrap_or(self).page(number)?;
                renderers.draw(&self.bytes, number, page, target)
            }
        })
    }

    /// The same file with the objects that references of a page find in viewers. `None`: the library finds all.
    fn followed(&self, number: u32) -> Option<&Self> {
        let follow = || {
            let forwarded = self.opened_with(self.forwarded());
            let file = forwarded.as_ref().unwrap_or(self);
            file.opened_with(file.unmatched()).or(forwarded).map(Box::new)
        };
        self.followed.get_or_init(follow).as_deref().filter(|file| file.has_same_page(self, number))
    }

    fn forwarded(&self) -> &Objects {
        self.forwarded.get_or_init(|| find_forwarded_objects(&self.pdf))
    }

    fn unmatched(&self) -> &Objects {
        self.unmatched.get_or_init(|| find_unmatched_objects(&self.pdf))
    }

    /// Gives `read` the image of a page (from 1) that is a scan, and the page that paints it; `None` for any other page.
    ///
    /// # Errors
    /// A page that does not exist.
    fn with_scan<R>(
        &self,
        number: u32,
        read: impl FnOnce(Option<(&Scan<'_>, &Page<'_>)>) -> R,
    ) -> Result<R, MediaFault> {
        let file = self.followed(number).unwrap_or(self);
        Ok(with_scan(file.page(number)?, &file.masks, read))
    }

    /// The same file with these objects, which references find then. `None`: there are none, or it would have other pages.
    fn opened_with(&self, objects: &Objects) -> Option<Self> {
        let objects = Some(objects).filter(|objects| !objects.is_empty())?;
        let (pdf, tree) = PageTree::read(open_with(&self.pdf, objects)?, Corrections::Types);
        Some(Self::new(self.bytes.clone(), pdf, tree)).filter(|file| file.layout.count == self.layout.count)
    }

    /// The same for a page. `None` also: it would be another one.
    fn with_objects(&self, number: u32, objects: &Objects) -> Option<Self> {
        self.opened_with(objects).filter(|file| file.has_same_page(self, number))
    }

    fn has_same_page(&self, other: &Self, number: u32) -> bool {
        let data = |file: &Self| file.page(number).ok().map(|page| page.raw().data().to_vec());
        data(self) == data(other)
    }

    /// The same file with other content of a page. `None`: there is none, or it can't be changed.
    fn with_content(&self, number: u32, find: impl Fn(&Page<'_>, &[u8]) -> Option<Vec<u8>>) -> Option<Self> {
        // Content whose bytes have changed stays as it is.
        let page = self.page(number).ok().filter(|page| find_lost_content(page).is_none())?;
        let content = find(page, page.page_stream()?)?;
        self.reopened(replace_content(&self.pdf, page.raw(), &content)?, number, &content)
    }

    /// The same file with content of a page that the renderer reads to its end. `None`: it does that with the
    /// content as it is, or the content can't be repaired.
    fn repaired(&self, number: u32) -> Option<Self> {
        self.with_content(number, |_, content| {
            let content = Some(content).filter(|content| !reads_to_its_end(content))?;
            Some(repair(content)).filter(|content| reads_to_its_end(content))
        })
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

    /// The same file with entries of objects that a page is drawn with. `None`: there is none to be corrected, or they
    /// can't be changed.
    fn corrected(&self, number: u32, find: impl Fn(&Page<'_>) -> Vec<Correction>) -> Option<Self> {
        let page = self.page(number).ok()?;
        let corrections = Some(find(page)).filter(|corrections| !corrections.is_empty())?;
        self.reopened(correct(&self.pdf, &corrections)?, number, page.page_stream().unwrap_or_default())
    }

    /// The same file with entries of fonts that the renderer can use. `None`: it uses all of them, or they can't be changed.
    fn with_fonts(&self, number: u32, places: FontPlaces, find: fn(&Dict<'_>) -> FontEntries) -> Option<Self> {
        self.corrected(number, |page| correct_fonts(page, places, find))
    }

    /// The same for fonts anywhere. One pass corrects only one of several fonts in a list that is not an object of its own, and
    /// some entries are found wrong only when others are right.
    fn with_all_fonts(&self, number: u32) -> Option<Self> {
        let mut file: Option<Self> = None;
        for _ in 0..MAX_FONT_PASSES {
            match file.as_ref().unwrap_or(self).with_fonts(number, FontPlaces::All, find_entries) {
                Some(next) => file = Some(next),
                None => break,
            }
        }
        file
    }

    /// The same file with streams of a page that the renderer can use. `None`: it can use all, or they can't be changed.
    fn usable<'a>(&'a self, number: u32, find: impl Fn(&Page<'a>) -> Vec<StreamCorrection<'a>>) -> Option<Self> {
        let page = self.page(number).ok()?;
        let corrections = Some(find(page)).filter(|corrections| !corrections.is_empty())?;
        let pdf = correct_entries(&self.pdf, &corrections)?;
        self.reopened(pdf, number, page.page_stream().unwrap_or_default())
    }

    /// The same file whose layers, and annotations in them, the renderer shows and hides as viewers do. `None`: it does that
    /// with the file as it is.
    fn layered(&self, number: u32) -> Option<Self> {
        let file = self.corrected(number, |page| {
            let layers = self.layers.get_or_init(|| correct_layers(self.pdf.xref(), Hideable::Listed));
            let annotations =
                list_shown_annotations(page).and_then(|entry| correct_annotations(&self.pdf, page, entry));
            layers.iter().cloned().chain(annotations).collect()
        });
        file.as_ref().unwrap_or(self).usable(number, show_appearances).or(file)
    }

    /// The same file with a page whose list of annotations has no items that are missing. `None`: it has none.
    fn with_reached_annotations(&self, number: u32) -> Option<Self> {
        self.corrected(number, |page| {
            let entry = list_existing_annotations(page);
            entry.and_then(|entry| correct_annotations(&self.pdf, page, entry)).into_iter().collect()
        })
    }

    /// The same file as `pdf`. `None`: it has other pages, or the page not this content.
    fn reopened(&self, pdf: Pdf, number: u32, content: &[u8]) -> Option<Self> {
        let (pdf, tree) = PageTree::read(pdf, Corrections::Types);
        let file = Self::new(self.bytes.clone(), pdf, tree);
        let is_same = file.layout.count == self.layout.count
            && file.page(number).is_ok_and(|page| page.page_stream().unwrap_or_default() == content);
        is_same.then_some(file)
    }

    /// The same file with one change. `None`: it would be the same, or can't be changed.
    fn with_change(&self, change: Change, number: u32, size: (u32, u32)) -> Option<Self> {
        match change {
            Change::References => self.with_objects(number, self.forwarded()),
            Change::Generations => self.with_objects(number, self.unmatched()),
            Change::Palettes => self.with_objects(number, &find_text_palettes(&self.pdf, self.page(number).ok()?)),
            Change::Content => self.repaired(number),
            Change::Type3Text => self.with_content(number, |page, content| with_filled_text(content, page.resources())),
            Change::Encodings => self.with_fonts(number, FontPlaces::Forms, find_flags_as_before),
            Change::Streams => self.usable(number, correct_streams),
            Change::FontTypes => self.with_fonts(number, FontPlaces::Forms, find_type),
            Change::FontPrograms => self.with_fonts(number, FontPlaces::Forms, find_unusual_program),
            Change::Fonts => self.with_all_fonts(number),
            Change::Annotations => self.with_reached_annotations(number),
            Change::ListedLayers => self.layered(number),
            Change::Layers => self.corrected(number, correct_layers_as_before),
            Change::Groups => self.dissolved(number, size),
        }
    }

    /// The same file, changed so that the renderer draws a page as viewers do, as the version `decoder` did that. Also
    /// returns the first change that this version makes, and that one did not. `None`: there is none.
    fn changed_by(&self, decoder: u32, number: u32, size: (u32, u32)) -> (Option<Self>, Option<Change>) {
        let (mut file, mut left_out) = (None, None);
        for change in Change::ALL {
            let is_made = change.versions().contains(&decoder);
            if !is_made && decoder >= change.versions().start {
                continue;
            }
            let changed = file.as_ref().unwrap_or(self).with_change(change, number, size);
            match is_made {
                true => file = changed.or(file),
                false => left_out = left_out.or(changed.map(|_| change)),
            }
        }
        (file, left_out)
    }

    fn changed(&self, number: u32, size: (u32, u32)) -> Option<Self> {
        self.changed_by(DECODER_VERSION, number, size).0
    }

    /// Draws a page (from 1) with the built-in renderer only, upright.
    ///
    /// # Errors
    /// A page that does not exist or is too large.
    pub(crate) fn draw(&self, number: u32, size: (u32, u32)) -> Result<Drawing, MediaFault> {
        draw(self.changed(number, size).as_ref().unwrap_or(self).page(number)?, size, Manner::Full)
    }

    /// The same as the version `decoder` did it, and how it differs. `None`: it draws the same.
    ///
    /// # Errors
    /// As [`PdfFile::draw`].
    pub(crate) fn draw_as(
        &self,
        decoder: u32,
        number: u32,
        size: (u32, u32),
    ) -> Result<Option<(Drawing, &'static str)>, MediaFault> {
        let (file, Some(left_out)) = self.changed_by(decoder, number, size) else { return Ok(None) };
        let drawing = draw(file.as_ref().unwrap_or(self).page(number)?, size, Manner::Full)?;
        Ok(Some((drawing, left_out.effect())))
    }

    /// Whether annotations are drawn unlike in the version `decoder`, if that is 4 or later.
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn has_other_annotations(&self, number: u32, decoder: u32) -> Result<bool, MediaFault> {
        Ok(draw_annotations(self.page(number)?).drawn_since > decoder)
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
        self.with_scan(number, |scan| scan.is_some_and(|(scan, _)| scan.had_other_colors()))
    }

    /// Whether versions of the decoder before 17, which did not follow the references of scans, decoded another one than the
    /// page (from 1) is, at `target` or larger.
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn had_other_scan(&self, number: u32, target: (u32, u32)) -> Result<bool, MediaFault> {
        let Some(followed) = self.followed(number) else { return Ok(false) };
        let scan = |file: &Self| {
            let decode = |(scan, page): (&Scan<'_>, &Page<'_>)| {
                let pixels = scan.decode(page, target).ok().flatten();
                (scan.orientation, pixels.map(|pixels| pixels.data))
            };
            Ok(with_scan(file.page(number)?, &file.masks, |found| found.map(decode)))
        };
        Ok(scan(self)? != scan(followed)?)
    }

    /// Whether versions of the decoder before 17 showed objects of a page (from 1) that an update of the file has replaced: in
    /// files that they changed. `size`: of the picture, or larger.
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn had_replaced_objects(&self, number: u32, size: (u32, u32)) -> Result<bool, MediaFault> {
        self.page(number)?;
        if !self.is_corrected() && self.changed(number, size).is_none() {
            return Ok(false);
        }
        let before = open_without_table(self.bytes.to_vec()).map(|pdf| PageTree::read(pdf, Corrections::All));
        let Some((pdf, tree)) = before else { return Ok(false) };
        let pixels = |file: &Self| Some(file.decode(number, size, &PdfRenderers::default()).ok()?.0.data);
        Ok(pixels(&Self::new(self.bytes.clone(), pdf, tree)) != pixels(self))
    }

    /// Whether a page (from 1) is drawn, and not decoded as a scan.
    ///
    /// # Errors
    /// A page that does not exist.
    pub(crate) fn is_drawn(&self, number: u32) -> Result<bool, MediaFault> {
        self.with_scan(number, |scan| scan.is_none())
    }
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
