//! The version of decoding.

/// The version of decoding. It is stored with what depends on pictures: a file that an earlier version
/// has read is opened once more. Raising it costs no requests.
///
/// 3: pages that lost content are faults; PDF pages have the numbers of the page tree. 4: cut JPEG 2000,
/// patterns, shadings and glyphs that are missing are faults; form fields show their values; pages without a
/// size are Letter. 5: content behind a damaged part of a PDF page is drawn, or a fault; JPEG has the colours
/// of libjpeg; TIFF pages that can't be read are faults and have numbers; PNG and WebP are decoded before they
/// are sent; pages with an impossible crop box are drawn; missing symbol fonts and palettes are faults.
/// 6: fax pages of a TIFF have the colours of their palette. 7: transparency groups of PDF pages blend with what
/// is below them; missing fonts of symbols are faults in every kind of font; TIFF has the colours of its JPEG, four
/// samples without a tag are RGB and alpha, and pixels whose colour the palette lacks, missing fax rows and JPEG of
/// colours that decoders garble are faults. 8: glyphs of embedded fonts that are cut, content of PDF pages that is cut
/// in any filter or missing in part, and scans that are missing in the middle of a JPEG are faults. 9: the encoding
/// of embedded fonts is applied to PDF pages although their flags declare symbols; popups are not drawn; shadings and
/// colour spaces without their functions, cut meshes, images with other channels than stated and images with a wrong
/// checksum are faults; scans in forms, over white paper, below hidden annotations or turned are decoded as they are.
/// 10: PDF pages with masks, stencils and palettes whose entries the renderer can't use are drawn; damage within JBIG2,
/// unknown masks, fonts of a graphics state that are missing and characters without a width are faults.
/// 11: layers of PDF pages are shown as their usage for viewing states, annotations in hidden layers are not drawn, and
/// rich text of annotations is; scans that are stencils or inline images are decoded as they are.
/// 12: layers that a document does not list are shown, and annotations whose appearance is in a hidden layer; annotations in
/// hidden layers are left out wherever they stand; stencils of fax data, and in colours of any space, are decoded as they are;
/// references find objects of another generation.
/// 13: check boxes that are on are drawn so although their appearance lacks that state; what glyphs of Type 3 fonts refer to,
/// images without a colour space, and what forms and tiles lose that are first painted where they can't be seen are faults.
/// 14: embedded programs of fonts are found whatever type the font states, and annotations behind missing ones; text in Type 3 fonts without a matrix, in
/// composite fonts whose encoding maps no codes or uses another one, and in fonts of a graphics state, content of forms in
/// what is set around them, stencils and stroked text in patterns and colour spaces that are missing, and pictures in
/// uncoloured glyphs are faults.
/// 15: embedded programs of fonts are used that are of another type than their entry, and fonts of tiles, glyphs, masks,
/// annotations and graphics states as those of the page; JPEG with arithmetic codes whose data is
/// cut is a fault; what is only set and not used, a base of encodings that is missing and not needed, and layers that a form
/// leaves open at the end of a page are not.
/// 16: references to objects that are references are followed; palettes that are a text in an object of their own are used; text in Type 3 fonts that is outlined or a clip is filled;
/// JPEG with much data that its picture does not need, and images in other codecs that contradict their entries, are faults.
/// 17: references are also followed in pages that are one scan; objects are those of the last update of a file also where it is changed
/// before its pages are drawn.
pub const DECODER_VERSION: u32 = 17;

/// Since this version PDF pages have the numbers of the page tree.
pub const PAGE_TREE_VERSION: u32 = 3;

/// Since this version TIFF pages that can't be read have numbers.
pub const TIFF_PAGES_VERSION: u32 = 5;

/// Whether the pages of a file that the decoder version `decoder` has read have the numbers that this version gives
/// them. `path`: the path of the file, whose extension shows whether it may be a TIFF.
#[must_use]
pub fn has_current_page_numbers(decoder: u32, path: &[u8]) -> bool {
    const OTHERS: &[&[u8]] = &[b".pdf", b".jpg", b".jpeg", b".png", b".webp", b".gif", b".bmp", b".jp2"];
    let is_other = || {
        let path = path.to_ascii_lowercase();
        OTHERS.iter().any(|extension| path.ends_with(extension))
    };
    decoder >= TIFF_PAGES_VERSION || decoder >= PAGE_TREE_VERSION && is_other()
}

/// Since this version PDF pages are repaired, have the size of today and appearances of today, and what is missing of them
/// is found, except for the blending of transparency groups.
pub const REPAIRED_PAGES_VERSION: u32 = 5;

/// Since this version transparency groups of PDF pages blend with what is below them.
pub const BLENDED_GROUPS_VERSION: u32 = 7;

/// Since this version the encoding of embedded fonts is applied to PDF pages although their flags declare symbols.
pub const APPLIED_ENCODINGS_VERSION: u32 = 9;

/// Since this version streams of PDF pages are corrected whose entries the renderer can't use.
pub const USABLE_STREAMS_VERSION: u32 = 10;

/// Since this version layers of PDF pages are shown as their usage states, and annotations accordingly.
pub const KNOWN_LAYERS_VERSION: u32 = 11;

/// Since this version layers of PDF pages that the document does not list are shown, and annotations whose appearance is in a
/// hidden layer, and references find objects of another generation.
pub const LISTED_LAYERS_VERSION: u32 = 12;

/// Since this version buttons are drawn whose appearance lacks the state that they are in.
pub const BUTTON_STATES_VERSION: u32 = 13;

/// Since this version embedded programs of fonts are found whatever type the font states, and annotations behind missing ones.
pub const FOUND_PROGRAMS_VERSION: u32 = 14;

/// Since this version embedded programs of fonts are used that are of another type than their entry, and fonts of tiles, glyphs,
/// masks, annotations and graphics states as those of the page.
pub const USED_FONTS_VERSION: u32 = 15;

/// Since this version references of PDF files to objects that are references are followed, and text in Type 3 fonts is filled
/// whatever its rendering mode.
pub const FOLLOWED_REFERENCES_VERSION: u32 = 16;

/// Since this version objects of PDF files are those of their last update in any case, and references are also followed in pages
/// that are one scan.
pub const UPDATED_OBJECTS_VERSION: u32 = 17;

/// Since this version JPEG has the colours of libjpeg.
pub const JPEG_COLORS_VERSION: u32 = 5;

/// Since this version fax pages of a TIFF have the colours of their palette.
pub const FAX_PALETTE_VERSION: u32 = 6;

/// Since this version the colours of a TIFF are guessed where its tags are missing or contradict its data.
pub const GUESSED_COLORS_VERSION: u32 = 7;

/// Since this version PDF pages are drawn with form fields, annotations and installed fonts; Exif data and
/// TIFF tags are read as today.
pub const FULL_DRAWING_VERSION: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_changed_with_the_page_tree_and_with_unreadable_tiff_pages() {
        for (decoder, path, expected) in [
            (2, "a.pdf", false),
            (3, "a.PDF", true),
            (3, "a.jpeg", true),
            (3, "a.tif", false),
            (4, "a", false),
            (5, "a.tiff", true),
        ] {
            assert_eq!(has_current_page_numbers(decoder, path.as_bytes()), expected, "{decoder} {path}");
        }
    }
}
