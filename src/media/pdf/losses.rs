//! Content of a page that a renderer did not draw.

use crate::media::fault::{MediaFault, MediaFaultKind};
use hayro::kurbo::Rect;
use std::collections::BTreeMap;

/// Most kinds of losses that a message names.
const MAX_NAMED: usize = 4;
/// Most places that are kept; twice as many if images are among them.
const MAX_REGIONS: usize = 64;

/// What was lost. The order is that of the message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lost {
    /// The content stream of the page or of a form: why.
    Content(String),
    /// An image: why it could not be decoded.
    Image(String),
    /// What is painted with a pattern or a shading that is missing or damaged.
    Paint(String),
    /// Characters of the font with this name, for which it has no glyph.
    Glyphs(String),
    /// Text in a font that can't be read.
    Font,
    /// An annotation or a form field of this kind, which has no appearance.
    Appearance(String),
}

impl Lost {
    fn describe(&self, count: usize) -> String {
        let several = count > 1;
        match self {
            Self::Content(why) => why.clone(),
            Self::Image(why) if several => format!("{count} images could not be decoded ({why})"),
            Self::Image(why) => format!("an image could not be decoded ({why})"),
            Self::Paint(kind) => format!("a {kind} is missing or damaged"),
            Self::Glyphs(font) if several => format!("{count} characters have no glyph in {font}"),
            Self::Glyphs(font) => format!("a character has no glyph in {font}"),
            Self::Font => "text in a font that can't be read".to_owned(),
            Self::Appearance(kind) if several => format!("{count} times: {kind} without appearance"),
            Self::Appearance(kind) => format!("{kind} without appearance"),
        }
    }
}

/// What a renderer did not draw of a page, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses {
    found: BTreeMap<Lost, usize>,
    regions: Vec<Rect>,
    has_unknown_place: bool,
    /// Whether the place of an image was left out.
    has_more_images: bool,
}

impl Losses {
    /// Adds what was lost; `region`: where, in pixels of the picture, if that is known.
    pub(crate) fn add(&mut self, lost: Lost, region: Option<Rect>) {
        let is_image = matches!(lost, Lost::Image(_));
        let limit = if is_image { 2 * MAX_REGIONS } else { MAX_REGIONS };
        *self.found.entry(lost).or_default() += 1;
        match region {
            Some(region) if self.regions.len() < limit => self.regions.push(region),
            // Any of the images may be missing; of characters, some stand for all.
            Some(_) => self.has_more_images |= is_image,
            None => self.has_unknown_place = true,
        }
    }

    /// Whether nothing was lost.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether an image was lost.
    pub(crate) fn has_image(&self) -> bool {
        self.found.keys().any(|lost| matches!(lost, Lost::Image(_)))
    }

    /// Whether images were lost at more places than are kept.
    pub(crate) fn has_more_images(&self) -> bool {
        self.has_more_images
    }

    /// The places of what was lost, in pixels; `None`: not all are known.
    pub(crate) fn regions(&self) -> Option<&[Rect]> {
        (!self.has_unknown_place).then_some(&self.regions)
    }

    /// What was lost, as a fragment of one line.
    pub(crate) fn describe(&self) -> String {
        let mut parts: Vec<_> = self.found.iter().take(MAX_NAMED).map(|(lost, count)| lost.describe(*count)).collect();
        if self.found.len() > MAX_NAMED {
            parts.push(format!("{} more", self.found.len() - MAX_NAMED));
        }
        parts.join("; ")
    }

    /// The fault of a page that lost content.
    pub(crate) fn to_fault(&self) -> MediaFault {
        incomplete(&self.describe())
    }
}

/// The fault of a page of which `lost` could not be drawn.
pub(crate) fn incomplete(lost: &str) -> MediaFault {
    MediaFault::new(MediaFaultKind::IncompletePage, format!("the page can't be drawn completely: {lost}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_what_was_lost_and_how_often() {
        let image = || Lost::Image("arithmetic-coded JPEG".to_owned());
        let glyph = || Lost::Glyphs("the font X".to_owned());
        for (lost, message) in [
            (vec![image()], "an image could not be decoded (arithmetic-coded JPEG)"),
            (vec![image(), image()], "2 images could not be decoded (arithmetic-coded JPEG)"),
            (vec![glyph()], "a character has no glyph in the font X"),
            (
                vec![glyph(), image(), glyph()],
                "an image could not be decoded (arithmetic-coded JPEG); 2 characters have no glyph in the font X",
            ),
            (vec![Lost::Appearance("a check box".into())], "a check box without appearance"),
            (vec![Lost::Font], "text in a font that can't be read"),
        ] {
            let mut losses = Losses::default();
            assert!(losses.is_empty());
            lost.into_iter().for_each(|lost| losses.add(lost, None));
            let fault = losses.to_fault();
            assert_eq!(fault.kind, MediaFaultKind::IncompletePage);
            assert_eq!(fault.message, format!("the page can't be drawn completely: {message}"));
        }
    }

    #[test]
    fn places_are_known_only_if_all_are() {
        let mut losses = Losses::default();
        losses.add(Lost::Font, Some(Rect::new(0.0, 0.0, 1.0, 1.0)));
        assert_eq!(losses.regions().map(<[Rect]>::len), Some(1));
        losses.add(Lost::Font, None);
        assert_eq!(losses.regions(), None);
    }

    #[test]
    fn places_of_images_are_kept_before_others_and_those_left_out_are_known() {
        let mut losses = Losses::default();
        let place = Some(Rect::new(0.0, 0.0, 1.0, 1.0));
        (0..1000).for_each(|_| losses.add(Lost::Glyphs(String::new()), place));
        (0..MAX_REGIONS).for_each(|_| losses.add(Lost::Image(String::new()), place));
        assert_eq!(losses.regions().map(<[Rect]>::len), Some(2 * MAX_REGIONS));
        assert!(!losses.has_more_images());
        losses.add(Lost::Image(String::new()), place);
        assert!(losses.has_more_images());
    }
}
