//! Embedded fonts of TrueType and OpenType whose data is cut, or contradicts itself: the renderer leaves glyphs
//! out, or draws others. Source: OpenType 1.9, tables `glyf`, `head`, `loca` and `maxp`.

use skrifa::raw::ps::cff::CffFontRef;
use std::cmp::Ordering;
use std::ops::Range;

/// The first bytes of fonts with tables: with outlines of TrueType, and of CFF.
const TRUE_TYPE: [&[u8]; 2] = [&[0, 1, 0, 0], b"true"];
const OPEN_TYPE: &[u8] = b"OTTO";
/// The size of the header of an outline.
const OUTLINE_HEADER: usize = 10;
/// How often the parts of glyphs that are made of others are followed.
const MAX_DEPTH: u32 = 4;

/// Why a glyph is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GlyphFault {
    /// The font contradicts itself: another renderer may draw it.
    Contradictory,
    /// The font does not have it, or its data is cut.
    Missing,
}

/// What an embedded font has of its glyphs.
#[derive(Debug)]
pub(crate) struct EmbeddedFont {
    /// The number of glyphs; `None`: unknown.
    count: Option<u32>,
    /// The outlines of a TrueType font. `None`: it has other outlines, or these can't be found.
    outlines: Option<TrueTypeOutlines>,
    /// Whether tables that all glyphs need are missing, or the positions of all glyphs are erased.
    is_cut: bool,
}

/// Where the outlines of a TrueType font are.
#[derive(Debug)]
struct TrueTypeOutlines {
    /// The existing bytes of the positions and of the outlines.
    positions: Range<usize>,
    outlines: Range<usize>,
    is_long: bool,
    /// Whether the format that the font states is not the one that the positions have.
    is_contradictory: bool,
}

/// Whether the data of a font begins as one of TrueType or OpenType.
pub(crate) fn has_tables(font: &[u8]) -> bool {
    font.starts_with(OPEN_TYPE) || TRUE_TYPE.iter().any(|kind| font.starts_with(kind))
}

/// Whether the data is a collection of such fonts.
pub(crate) fn is_collection(data: &[u8]) -> bool {
    data.starts_with(b"ttcf")
}

/// Whether the data of a font begins as one of TrueType, or as a collection of fonts.
pub(crate) fn has_true_type_outlines(font: &[u8]) -> bool {
    is_collection(font) || TRUE_TYPE.iter().any(|kind| font.starts_with(kind))
}

/// Whether a code of one byte stands for a character only in the font of the file: usual fonts have control characters there.
pub(crate) fn is_own_code(code: u8) -> bool {
    code < b' ' && !matches!(code, 0 | b'\t' | b'\n' | b'\r')
}

/// Whether data begins as the program of a font, and has all of its parts. Source: Adobe, "Type 1 Font Format" (1990), 2.4,
/// and "The Compact Font Format Specification" (2003).
pub(crate) fn is_font_program(data: &[u8]) -> bool {
    const ENCRYPTED: &[u8] = b"eexec";
    match data {
        _ if has_tables(data) => true,
        _ if is_collection(data) => true,
        [b'%', b'!', ..] | [0x80, 1, ..] => data.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED),
        _ => CffFontRef::new(data, 0, None).is_ok_and(|font| font.num_glyphs() > 0),
    }
}

impl EmbeddedFont {
    /// Reads the tables of a font; `None`: it has no known tables.
    pub(crate) fn read(font: &[u8]) -> Option<Self> {
        if !has_tables(font) {
            let count = CffFontRef::new(font, 0, None).ok()?.num_glyphs();
            return Some(Self { count: Some(count), outlines: None, is_cut: false });
        }
        let tables = usize::from(word(font, 4)?);
        let entry = |tag: &[u8]| {
            let entries = font.get(12..font.len().min(12 + tables * 16))?;
            let entry = entries.chunks_exact(16).find(|entry| entry.starts_with(tag))?;
            Some((long(entry, 8)? as usize, long(entry, 12)? as usize))
        };
        let table = |tag: &[u8]| {
            let (place, length) = entry(tag)?;
            Some(place.min(font.len())..place.saturating_add(length).min(font.len()))
        };
        let count = table(b"maxp").and_then(|maxp| word(font.get(maxp)?, 4)).map(u32::from);
        if entry(b"CFF ").is_some() || entry(b"CFF2").is_some() {
            return Some(Self { count, outlines: None, is_cut: false });
        }
        let outlines = || {
            let format = table(b"head").and_then(|head| word(font.get(head)?, 50))?;
            let (_, length) = entry(b"loca")?;
            let positions = table(b"loca")?;
            let outlines = table(b"glyf")?;
            let glyphs = count? as usize;
            let is_short_but_long = format == 0 && glyphs > 0 && length == (glyphs + 1) * 4;
            let is_contradictory = format > 1 || is_short_but_long;
            // A font of spaces has no outlines.
            let are_erased = font.get(positions.clone())?.iter().all(|byte| *byte == 0);
            let is_cut = glyphs > 1 && are_erased && outlines.len() > OUTLINE_HEADER;
            let found = TrueTypeOutlines { positions, outlines, is_long: format == 1, is_contradictory };
            (!is_cut).then_some(found)
        };
        let outlines = outlines();
        Some(Self { count, is_cut: outlines.is_none(), outlines })
    }

    /// Why a glyph can't be right; `font`: the data that was read; `is_drawn`: whether the renderer draws anything.
    pub(crate) fn find_fault(&self, font: &[u8], glyph: u32, is_drawn: bool) -> Option<GlyphFault> {
        if self.outlines.as_ref().is_some_and(|outlines| outlines.is_contradictory) {
            return Some(GlyphFault::Contradictory);
        }
        if is_drawn {
            return None;
        }
        if self.is_cut || self.count.is_some_and(|count| glyph >= count) {
            return Some(GlyphFault::Missing);
        }
        self.outlines.as_ref()?.find_fault(font, glyph as usize, MAX_DEPTH)
    }
}

impl TrueTypeOutlines {
    /// Why the renderer draws nothing for a glyph. `None`: there is nothing to be drawn. `depth`: how often the
    /// parts of glyphs are followed.
    fn find_fault(&self, font: &[u8], glyph: usize, depth: u32) -> Option<GlyphFault> {
        let positions = font.get(self.positions.clone()).unwrap_or_default();
        let at = |glyph: usize| match self.is_long {
            true => long(positions, glyph.checked_mul(4)?).map(|place| place as usize),
            false => word(positions, glyph.checked_mul(2)?).map(|half| usize::from(half) * 2),
        };
        let (Some(start), Some(end)) = (at(glyph), at(glyph + 1)) else { return Some(GlyphFault::Missing) };
        match start.cmp(&end) {
            Ordering::Less => {}
            Ordering::Equal => return None,
            Ordering::Greater => return Some(GlyphFault::Contradictory),
        }
        let outlines = font.get(self.outlines.clone()).unwrap_or_default();
        let Some(outline) = outlines.get(start..end) else { return Some(GlyphFault::Missing) };
        let contours = word(outline, 0).map_or(0, u16::cast_signed);
        if contours < 0 && depth > 0 {
            let part = word(outline, OUTLINE_HEADER + 2)?;
            return self.find_fault(font, part.into(), depth - 1);
        }
        let is_zero = outline.len() > OUTLINE_HEADER && outline.iter().all(|byte| *byte == 0);
        (contours > 0 || is_zero).then_some(GlyphFault::Missing)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::GlyphFault::{Contradictory, Missing};
    use super::*;

    /// A font of two glyphs with these outlines, this format and these positions.
    fn font(outlines: &[u8], format: u16, positions: &[u32]) -> Vec<u8> {
        let mut head = vec![0; 54];
        head[50..52].copy_from_slice(&format.to_be_bytes());
        let loca: Vec<u8> = positions.iter().flat_map(|place| place.to_be_bytes()).collect();
        with_tables(&[(b"maxp", &[0, 1, 0, 0, 0, 2]), (b"head", &head), (b"loca", &loca), (b"glyf", outlines)])
    }

    fn with_tables(tables: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut out = vec![0, 1, 0, 0, 0, u8::try_from(tables.len()).unwrap(), 0, 0, 0, 0, 0, 0];
        let mut place = out.len() + tables.len() * 16;
        for (tag, table) in tables {
            out.extend(*tag);
            out.extend([0; 4]);
            out.extend(u32::try_from(place).unwrap().to_be_bytes());
            out.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
            place += table.len();
        }
        tables.iter().for_each(|(_, table)| out.extend(*table));
        out
    }

    /// The faults of two glyphs that are not drawn, and of a third one that the font does not have.
    fn faults(font: &[u8]) -> Option<[Option<GlyphFault>; 3]> {
        let read = EmbeddedFont::read(font)?;
        Some([0, 1, 2].map(|glyph| read.find_fault(font, glyph, false)))
    }

    #[test]
    fn which_glyphs_are_lost() {
        // One with a contour, and one that is made of the second glyph.
        let outlines = [&[0, 1][..], &[7; 18], &[0xFF; 10], &[0, 0, 0, 1], &[7; 6]].concat();
        let (none, missing, other) = (None, Some(Missing), Some(Contradictory));
        for (format, positions, lost) in [
            (1, &[0, 20, 20][..], [missing, none]),
            (1, &[20, 40, 40], [none, none]),
            (1, &[20, 40, 60], [missing, missing]),
            (1, &[0, 0, 20], [none, missing]),
            (1, &[30, 0, 20], [other, missing]),
            (1, &[20, 50, 60], [missing, missing]),
            (1, &[0, 0], [missing, missing]),
            (1, &[], [missing, missing]),
            (1, &[0, 0, 0], [missing, missing]),
            // Long positions, stated to be short or nothing.
            (0, &[0, 20, 40], [other, other]),
            (256, &[0, 20, 40], [other, other]),
        ] {
            let found = faults(&font(&outlines, format, positions)).unwrap();
            assert_eq!(found[..2], lost, "{format} {positions:?}");
        }
        assert_eq!(faults(&font(&[0; 40], 1, &[0, 20, 30])), Some([missing, none, missing]), "erased");
        assert_eq!(faults(&font(&[], 1, &[0, 0, 0])), Some([none, none, missing]), "a font of spaces");
        let read = EmbeddedFont::read(&font(&outlines, 1, &[0, 20, 40])).unwrap();
        assert_eq!(read.find_fault(&font(&outlines, 1, &[0, 20, 40]), 0, true), None, "it is drawn");
    }

    #[test]
    fn fonts_that_are_cut_or_lack_a_table() {
        let whole = font(&[0, 1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], 1, &[0, 0, 12]);
        assert_eq!(faults(&whole), Some([None, Some(Missing), Some(Missing)]));
        assert_eq!(faults(&whole[..whole.len() - 4]), Some([None, Some(Missing), Some(Missing)]), "outlines are cut");
        let space_at_the_end = font(&[0, 1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], 1, &[0, 12, 12]);
        let cut = &space_at_the_end[..space_at_the_end.len() - 4];
        assert_eq!(faults(cut), Some([Some(Missing), None, Some(Missing)]), "a space behind the cut");
        for (table, lost) in [(b"glyf", true), (b"loca", true), (b"head", true), (b"maxp", true), (b"cvt ", false)] {
            let mut font = with_tables(&[(b"cvt ", &[0; 4])]);
            assert_eq!(faults(&font), Some([Some(Missing); 3]));
            font.clone_from(&whole);
            let at = font.windows(4).position(|tag| tag == table);
            at.into_iter().for_each(|at| font[at..at + 4].copy_from_slice(b"gone"));
            assert_eq!(faults(&font).unwrap()[0].is_some(), lost, "{table:?}");
        }
    }

    #[test]
    fn other_fonts_are_only_known_by_the_number_of_their_glyphs() {
        let open_type =
            [&b"OTTO"[..], &with_tables(&[(b"CFF ", &[1]), (b"maxp", &[0, 0, 0x50, 0, 0, 2])])[4..]].concat();
        assert_eq!(faults(&open_type), Some([None, None, Some(Missing)]));
        assert!(faults(b"ttcf").is_none() && faults(&[0xFF; 40]).is_none() && faults(&[]).is_none());
    }
}
