//! What content belongs to: in the words of its losses, and how deep that is followed.

use super::losses::Lost;

/// Deepest nesting of content in other content that is followed.
pub(crate) const MAX_DEPTH: u32 = 12;

/// What content belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Within {
    Page,
    Pattern,
    Glyph,
    Annotation,
}

impl Within {
    /// That an object of this kind which the content paints can't be painted.
    pub(crate) fn lose_object(self, kind: &str, why: &str) -> Lost {
        let place = match self {
            Self::Page => "",
            Self::Pattern => " in a pattern",
            Self::Glyph => " in a glyph",
            Self::Annotation => " in an annotation",
        };
        Lost::Object(format!("{kind}{place} {why}"))
    }

    /// That a part of the content itself can't be decoded.
    pub(crate) fn lose_content(self) -> Lost {
        let part = match self {
            Self::Page => "a part",
            Self::Pattern => "a pattern",
            Self::Glyph => "a glyph",
            Self::Annotation => "an annotation",
        };
        Lost::Content(format!("{part} of the page can't be decoded"))
    }
}
