//! Changes of a file before its pages are drawn, and since which version of the decoder they are made.

use crate::base::decoder_version::{
    APPLIED_ENCODINGS_VERSION, BLENDED_GROUPS_VERSION, FOLLOWED_REFERENCES_VERSION, FOUND_PROGRAMS_VERSION,
    KNOWN_LAYERS_VERSION, LISTED_LAYERS_VERSION, REPAIRED_PAGES_VERSION, USABLE_STREAMS_VERSION, USED_FONTS_VERSION,
};
use std::ops::Range;

/// Changes of a file so that the renderer draws a page as viewers do.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// Objects that references to another reference find.
    References,
    /// Objects that references with another generation find.
    Generations,
    /// Content that the renderer reads to its end.
    Content,
    /// Palettes that it finds.
    Palettes,
    /// Text in Type 3 fonts that it fills.
    Type3Text,
    /// Encodings of fonts that it applies. This change, and the next two of fonts, were made before [`Self::Fonts`] was.
    Encodings,
    /// Streams that it can use.
    Streams,
    /// Font types that it supports.
    FontTypes,
    /// Embedded programs of fonts that it finds.
    FontPrograms,
    /// Fonts anywhere whose entries it uses.
    Fonts,
    /// Annotations that it draws although others are missing.
    Annotations,
    /// States of layers that it reads, and no annotations in hidden ones.
    ListedLayers,
    /// The same also with layers that the document does not list, and without those of appearances.
    Layers,
    /// No transparency groups that it draws apart.
    Groups,
}

impl Change {
    /// All of them, in the order in which they are made.
    pub(crate) const ALL: [Self; 14] = [
        Self::References,
        Self::Palettes,
        Self::Generations,
        Self::Annotations,
        Self::ListedLayers,
        Self::Content,
        Self::Type3Text,
        Self::Encodings,
        Self::Streams,
        Self::FontTypes,
        Self::FontPrograms,
        Self::Fonts,
        Self::Layers,
        Self::Groups,
    ];

    /// The versions of the decoder that make it.
    pub(crate) fn versions(self) -> Range<u32> {
        let since = match self {
            Self::Content => REPAIRED_PAGES_VERSION,
            Self::Encodings => return APPLIED_ENCODINGS_VERSION..USED_FONTS_VERSION,
            Self::Streams => USABLE_STREAMS_VERSION,
            Self::FontTypes => return KNOWN_LAYERS_VERSION..USED_FONTS_VERSION,
            Self::FontPrograms => return FOUND_PROGRAMS_VERSION..USED_FONTS_VERSION,
            Self::Annotations => FOUND_PROGRAMS_VERSION,
            Self::Fonts => USED_FONTS_VERSION,
            Self::References | Self::Palettes | Self::Type3Text => FOLLOWED_REFERENCES_VERSION,
            Self::Layers => return KNOWN_LAYERS_VERSION..LISTED_LAYERS_VERSION,
            Self::Generations | Self::ListedLayers => LISTED_LAYERS_VERSION,
            Self::Groups => BLENDED_GROUPS_VERSION,
        };
        since..u32::MAX
    }

    /// How a page differs that was drawn without it.
    pub(crate) fn effect(self) -> &'static str {
        match self {
            Self::Content | Self::Encodings | Self::FontTypes | Self::FontPrograms | Self::Fonts => {
                "some characters are others now"
            }
            Self::Type3Text => "some characters are drawn otherwise now",
            Self::References | Self::Generations | Self::Annotations => "objects are drawn that were not found before",
            Self::Palettes | Self::Streams => "masks or images are drawn otherwise now",
            Self::Layers | Self::ListedLayers => "layers are shown or hidden otherwise now",
            Self::Groups => "transparency groups blend with the page now",
        }
    }
}
