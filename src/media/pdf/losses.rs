//! Content of a page that a renderer did not draw.

use crate::media::fault::{MediaFault, MediaFaultKind};
use hayro::kurbo::Rect;
use std::collections::BTreeMap;

/// Maximum number of kinds of losses that a message names.
const MAX_NAMED: usize = 4;
/// Maximum number of places that are kept; twice as many with images.
const MAX_REGIONS: usize = 64;

/// Losses. The order is that of the message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lost {
    /// The content stream of the page or of a form: why.
    Content(String),
    /// Content after a part of a content stream that the renderer can't read.
    Syntax,
    /// What lies beyond a limit of the examination: which.
    Limit(String),
    /// An image that is missing or damaged: why it could not be decoded.
    Image(String),
    /// An image or a form that is missing, can't be painted, or is of neither kind: what of which part of the page.
    Object(String),
    /// An image whose data is complete, in a format that the renderer lacks: which.
    Codec(String),
    /// Content painted with a missing or damaged pattern or shading.
    Paint(String),
    /// Characters of the font with this name, for which no font that may replace it has a glyph.
    Glyphs(String),
    /// Characters of the font with this name, embedded or installed, whose glyphs the renderer does not find.
    EmbeddedGlyphs(String),
    /// The same, drawn as the placeholder of the font.
    Placeholders(String),
    /// Text in a font that can't be read.
    Font,
    /// A transparency group whose content should blend with what is below it.
    Blending,
    /// A mask of an unknown kind.
    Mask,
    /// A layer that the renderer shows or hides against the document.
    Layer,
    /// An annotation or a form field of this kind, which has no appearance.
    Appearance(String),
    /// Such a text in a script whose letters have to be shaped. Poppler leaves it out without a message.
    Shaping,
}

impl Lost {
    fn describe(&self, count: usize) -> String {
        let several = count > 1;
        match self {
            Self::Content(why) | Self::Limit(why) => why.clone(),
            Self::Syntax => "its content has a syntax error".to_owned(),
            Self::Image(why) | Self::Codec(why) if several => format!("{count} images could not be decoded ({why})"),
            Self::Image(why) | Self::Codec(why) => format!("an image could not be decoded ({why})"),
            Self::Object(what) if several => format!("{count} times: {what}"),
            Self::Object(what) => what.clone(),
            Self::Paint(kind) => format!("a {kind} is missing or damaged"),
            Self::Glyphs(font) | Self::EmbeddedGlyphs(font) | Self::Placeholders(font) if several => {
                format!("{count} characters have no glyph in {font}")
            }
            Self::Glyphs(font) | Self::EmbeddedGlyphs(font) | Self::Placeholders(font) => {
                format!("a character has no glyph in {font}")
            }
            Self::Font => "text in a font that can't be read".to_owned(),
            Self::Blending => "a transparency group should blend with what is below it".to_owned(),
            Self::Mask => "a mask can't be applied".to_owned(),
            Self::Layer => "a layer can't be shown or hidden".to_owned(),
            Self::Appearance(kind) if several => format!("{count} times: {kind} without appearance"),
            Self::Appearance(kind) => format!("{kind} without appearance"),
            Self::Shaping => "text of a script that has to be shaped without appearance".to_owned(),
        }
    }

    /// Whether another renderer may draw it: the file holds all of it. What is missing in the file, or on
    /// this machine, is missing for every renderer, and some draw white, grey or boxes in its place without a
    /// message.
    fn may_be_drawn_elsewhere(&self) -> bool {
        match self {
            Self::Content(_) | Self::Image(_) | Self::Object(_) | Self::Paint(_) | Self::Glyphs(_) => false,
            // Renderers do not agree on layers.
            Self::Layer | Self::Shaping => false,
            Self::Syntax
            | Self::Limit(_)
            | Self::Codec(_)
            | Self::EmbeddedGlyphs(_)
            | Self::Placeholders(_)
            | Self::Font
            | Self::Blending
            | Self::Mask
            | Self::Appearance(_) => true,
        }
    }

    fn kind_of_place(&self) -> PlaceKind {
        match self {
            // The missing part may be an image.
            Self::Image(_) | Self::Object(_) | Self::Codec(_) => PlaceKind::Image,
            Self::Placeholders(_) => PlaceKind::Placeholder,
            _ => PlaceKind::Other,
        }
    }
}

/// The loss at a place of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    /// An image.
    Image,
    /// A character that is drawn as a placeholder.
    Placeholder,
    /// Anything else.
    Other,
}

/// Where something was lost, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LostPlace {
    pub(crate) region: Rect,
    pub(crate) kind: PlaceKind,
}

/// What a renderer did not draw of a page, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses {
    found: BTreeMap<Lost, usize>,
    places: Vec<LostPlace>,
    has_unknown_place: bool,
    /// Whether the place of an image was left out.
    has_more_images: bool,
}

impl Losses {
    /// Adds a loss; `region`: where, in pixels of the picture, if that is known.
    pub(crate) fn add(&mut self, lost: Lost, region: Option<Rect>) {
        let kind = lost.kind_of_place();
        let is_image = kind == PlaceKind::Image;
        let limit = if is_image { 2 * MAX_REGIONS } else { MAX_REGIONS };
        *self.found.entry(lost).or_default() += 1;
        match region {
            Some(region) if self.places.len() < limit => self.places.push(LostPlace { region, kind }),
            // Any of the images may be missing; for characters, a few represent all.
            Some(_) => self.has_more_images |= is_image,
            None => self.has_unknown_place = true,
        }
    }

    /// Whether nothing was lost.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether nothing was lost, or only what transparency groups hide that are drawn apart.
    pub(crate) fn are_only_groups(&self) -> bool {
        self.found.keys().all(|lost| *lost == Lost::Blending)
    }

    /// Whether an image was lost.
    pub(crate) fn has_image(&self) -> bool {
        self.found.keys().any(|lost| lost.kind_of_place() == PlaceKind::Image)
    }

    /// Whether another renderer may draw all that was lost.
    pub(crate) fn may_be_drawn_elsewhere(&self) -> bool {
        self.found.keys().all(Lost::may_be_drawn_elsewhere)
    }

    /// Whether images were lost at more places than are kept.
    pub(crate) fn has_more_images(&self) -> bool {
        self.has_more_images
    }

    /// The places of the losses.
    pub(crate) fn places(&self) -> &[LostPlace] {
        &self.places
    }

    /// Whether something was lost at an unknown place.
    pub(crate) fn has_unknown_place(&self) -> bool {
        self.has_unknown_place
    }

    /// The losses, as a fragment of one line.
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

/// The fault of a page with the losses `lost`.
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
            (vec![Lost::Object("a form contains itself".into())], "a form contains itself"),
            (vec![Lost::Object("a form contains itself".into()); 2], "2 times: a form contains itself"),
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
        assert_eq!((losses.places().len(), losses.has_unknown_place()), (1, false));
        losses.add(Lost::Font, None);
        assert_eq!((losses.places().len(), losses.has_unknown_place()), (1, true));
    }

    #[test]
    fn another_renderer_may_draw_only_what_the_file_holds() {
        let name = || String::from("x");
        for (lost, may_be_drawn_elsewhere) in [
            (Lost::Content(name()), false),
            (Lost::Syntax, true),
            (Lost::Limit(name()), true),
            (Lost::Image(name()), false),
            (Lost::Object(name()), false),
            (Lost::Codec(name()), true),
            (Lost::Paint(name()), false),
            (Lost::Glyphs(name()), false),
            (Lost::EmbeddedGlyphs(name()), true),
            (Lost::Placeholders(name()), true),
            (Lost::Font, true),
            (Lost::Blending, true),
            (Lost::Mask, true),
            (Lost::Layer, false),
            (Lost::Appearance(name()), true),
        ] {
            let mut losses = Losses::default();
            losses.add(lost.clone(), None);
            assert_eq!(losses.may_be_drawn_elsewhere(), may_be_drawn_elsewhere, "{lost:?}");
            losses.add(Lost::Image(name()), None);
            assert!(!losses.may_be_drawn_elsewhere(), "one is enough: {lost:?}");
        }
    }

    #[test]
    fn places_of_images_are_kept_before_others_and_those_left_out_are_known() {
        let mut losses = Losses::default();
        let place = Some(Rect::new(0.0, 0.0, 1.0, 1.0));
        (0..1000).for_each(|_| losses.add(Lost::Glyphs(String::new()), place));
        (0..MAX_REGIONS).for_each(|_| losses.add(Lost::Image(String::new()), place));
        assert_eq!(losses.places().len(), 2 * MAX_REGIONS);
        assert!(!losses.has_more_images());
        losses.add(Lost::Image(String::new()), place);
        assert!(losses.has_more_images());
    }
}
