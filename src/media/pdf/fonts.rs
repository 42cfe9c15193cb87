//! The fonts that a page is drawn with, and the characters that they have no glyph for.
//!
//! Fonts that are not embedded are replaced: the 14 standard fonts by those that hayro contains
//! (Foxit's, BSD license), others by an installed font with their name, or one that has the
//! characters. Source: ISO 32000-1, 9.6.2.2 and 9.7.3.

use super::embedded_font::{EmbeddedFont, GlyphFault, is_own_code};
use super::losses::Lost;
use super::symbol_font::is_symbol_font;
use super::system_fonts::{Style, find_by_name, find_covering};
use hayro::hayro_interpret::font::{FallbackFontQuery, FontData, FontQuery, OutlineGlyph, StandardFont};
use hayro::hayro_interpret::hayro_cmap::{BfString, CidFamily};
use skrifa::MetadataProvider;
use skrifa::raw::FontRef;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The characters of every text font that hayro contains (hayro-font 0.5, `assets`), beside Latin-1.
const CONTAINED: &[u32] = &[
    0x131, 0x141, 0x142, 0x152, 0x153, 0x160, 0x161, 0x178, 0x17D, 0x17E, 0x192, 0x2C6, 0x2C7, 0x2D8, 0x2D9, 0x2DA,
    0x2DB, 0x2DC, 0x2DD, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2020, 0x2021, 0x2022,
    0x2026, 0x2030, 0x2039, 0x203A, 0x2044, 0x20AC, 0x2122, 0x2212, 0xFB01, 0xFB02,
];

/// Maximum number of elements of the outline of a placeholder: two rectangles with a cross.
const MAX_PLACEHOLDER: usize = 14;
/// Where a word may be broken. Viewers disagree on whether it is seen.
const SOFT_HYPHEN: char = '\u{ad}';
/// Parts of the names of fonts without glyphs.
const HIDDEN: [&str; 3] = ["HiddenHorzOCR", "HiddenVertOCR", "GlyphLessFont"];

/// The fonts of one page.
#[derive(Debug)]
pub(crate) struct Fonts {
    uses_installed: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the page asked for, and how it looks.
    asked: BTreeMap<String, Style>,
    /// Installed fonts that replace others, by request.
    chosen: HashMap<String, Installed>,
    /// Replacements that were given, by the address of their data.
    given: HashMap<usize, Replacement>,
    /// Embedded fonts, by the address of their data.
    embedded: HashMap<usize, Option<EmbeddedFont>>,
    /// Fonts of symbols that the page asked for, and that are neither installed nor contained.
    missing_symbols: BTreeSet<String>,
    /// The first code for which an embedded font gave its first glyph, by the address of its data.
    first_codes: HashMap<usize, u32>,
}

#[derive(Clone)]
struct Installed {
    data: Arc<Vec<u8>>,
    index: u32,
    /// Whether it has the name that was asked for, so that glyph numbers are the same.
    is_same: bool,
}

impl std::fmt::Debug for Installed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Installed").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
enum Replacement {
    /// One that hayro contains.
    Contained,
    Installed(Installed),
}

impl Replacement {
    fn covers(&self, character: char) -> bool {
        match self {
            Self::Contained => is_contained(character),
            Self::Installed(font) => FontRef::from_index(&font.data, font.index)
                .is_ok_and(|font| font.charmap().map(character).is_some_and(|glyph| glyph.to_u32() != 0)),
        }
    }
}

fn is_contained(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0x20..=0x7E | 0xA0..=0xAC | 0xAE..=0xFF) || CONTAINED.contains(&code)
}

impl Fonts {
    /// `uses_installed`: whether installed fonts may be used.
    pub(crate) fn new(uses_installed: bool) -> Self {
        Self { uses_installed, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was asked for, and the embedded fonts, whose data may be elsewhere when the page is drawn
    /// again.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        state.asked.clear();
        state.embedded.clear();
        state.first_codes.clear();
        state.given.clear();
        state.missing_symbols.clear();
    }

    /// The fonts of symbols that are missing: a tick would be drawn as a letter.
    pub(crate) fn missing_symbols(&self) -> BTreeSet<String> {
        self.state().missing_symbols.clone()
    }

    /// Returns the font for a query of the renderer.
    pub(crate) fn resolve(&self, query: &FontQuery) -> Option<(FontData, u32)> {
        let (key, style) = describe(query);
        let mut state = self.state();
        state.asked.insert(key.clone(), style);
        if self.uses_installed
            && !state.chosen.contains_key(&key)
            && let FontQuery::Fallback(wanted) = query
            && let Some(font) = find_installed(wanted, style)
        {
            state.chosen.insert(key.clone(), font);
        }
        if let Some(font) = state.chosen.get(&key).cloned() {
            if let FontQuery::Fallback(wanted) = query
                && !font.is_same
            {
                state.missing_symbols.extend(symbol_font(wanted));
            }
            state.given.insert(font.data.as_ptr() as usize, Replacement::Installed(font.clone()));
            return Some((font.data, font.index));
        }
        let (data, index) = match query {
            FontQuery::Standard(font) => font.get_font_data(),
            FontQuery::Fallback(wanted) => {
                state.missing_symbols.extend(symbol_font(wanted));
                wanted.pick_standard_font().get_font_data()
            }
        };
        state.given.insert(address(&data), Replacement::Contained);
        Some((data, index))
    }

    /// Chooses installed fonts that have these characters. Whether anything changes.
    pub(crate) fn improve(&self, missing: &BTreeSet<char>) -> bool {
        if !self.uses_installed || missing.is_empty() {
            return false;
        }
        let mut state = self.state();
        let mut is_better = false;
        for (key, style) in state.asked.clone() {
            let has = |character: &char| match state.chosen.get(&key) {
                Some(font) => Replacement::Installed(font.clone()).covers(*character),
                None => is_contained(*character),
            };
            let lacking: Vec<char> = missing.iter().filter(|character| !has(character)).copied().collect();
            // These two have their own encodings.
            if lacking.is_empty() || key == "Symbol" || key == "ZapfDingbats" {
                continue;
            }
            // Latin text is on nearly every page.
            let wanted: Vec<char> = lacking.iter().copied().chain("Aa0".chars()).collect();
            if let Some(face) = find_covering(&wanted, style)
                && let Some(data) = face.load()
            {
                let font = Installed { data, index: face.index, is_same: false };
                let is_gain = lacking.iter().any(|c| Replacement::Installed(font.clone()).covers(*c));
                if is_gain {
                    state.chosen.insert(key, font);
                    is_better = true;
                }
            }
        }
        is_better
    }

    /// The loss of a glyph that is not drawn, or drawn as another one. `None`: it is drawn, or can't be seen anyway.
    pub(crate) fn find_lost_glyph(&self, glyph: &OutlineGlyph, text: Option<&BfString>) -> Option<Lost> {
        if text.is_some_and(is_invisible) {
            return None;
        }
        let Some(font) = glyph.font_data() else {
            // Type 1, or one of the standard fonts.
            let is_hyphen = text.is_some_and(|text| *text == BfString::Char(SOFT_HYPHEN));
            let is_seen = match text {
                Some(_) => !is_hyphen,
                // A name without meaning, or a code without a name.
                None => is_printed(glyph.char_code()) && glyph.outline().elements().is_empty(),
            };
            // A font that is not embedded was asked for before its glyphs are drawn.
            let lost = if self.state().asked.is_empty() { Lost::Placeholders } else { Lost::Glyphs };
            return (glyph.glyph_id().to_u32() == 0 && is_seen).then(|| lost("its font".to_owned()));
        };
        // Fonts of text recognition, over the picture of the text, have no glyphs on purpose.
        if font.postscript_name.as_ref().is_some_and(|name| HIDDEN.iter().any(|hidden| name.contains(hidden))) {
            return None;
        }
        let name = || font.postscript_name.as_ref().map_or("its font".to_owned(), |name| format!("the font {name}"));
        let mut state = self.state();
        let place = address(&font.data);
        let lost_if = |is_lost: bool, lost: fn(String) -> Lost| is_lost.then(|| lost(name()));
        match (state.given.get(&place), text) {
            (Some(given), Some(BfString::Char(character))) => lost_if(!given.covers(*character), Lost::Glyphs),
            // Chosen by its number in the font that is missing.
            (Some(Replacement::Installed(font)), _) if font.is_same => {
                lost_if(glyph.glyph_id().to_u32() == 0, Lost::Glyphs)
            }
            (Some(_), _) => Some(Lost::Glyphs(name())),
            (None, _) => {
                let data: &[u8] = (*font.data).as_ref();
                let embedded = state.embedded.entry(place).or_insert_with(|| EmbeddedFont::read(data));
                let id = glyph.glyph_id().to_u32();
                let is_drawn = !glyph.outline().elements().is_empty();
                let fault = embedded.as_ref().and_then(|embedded| embedded.find_fault(data, id, is_drawn));
                let lost = fault.map(|fault| match fault {
                    GlyphFault::Contradictory => Lost::EmbeddedGlyphs(name()),
                    GlyphFault::Missing => Lost::Glyphs(name()),
                });
                // Without a name or a map the text is not known.
                let is_text = text.is_some() || is_drawn && is_character(glyph.char_code());
                lost.or_else(|| lost_if(id == 0 && is_text && state.is_placeholder(place, glyph), Lost::Placeholders))
            }
        }
    }
}

impl State {
    /// Whether the first glyph of an embedded font is a placeholder. Fonts that programs have made of
    /// others may have a character there: one with an outline, and for a single code.
    fn is_placeholder(&mut self, font: usize, glyph: &OutlineGlyph) -> bool {
        let code = glyph.char_code();
        let is_other = *self.first_codes.entry(font).or_insert(code) != code;
        is_other || glyph.outline().elements().len() <= MAX_PLACEHOLDER
    }
}

/// The address of a font's data, which stays where it is while the page is drawn.
fn address(data: &FontData) -> usize {
    (**data).as_ref().as_ptr() as usize
}

/// What identifies a query, and how the font looks.
fn describe(query: &FontQuery) -> (String, Style) {
    let style = |font: StandardFont| {
        let name = font.postscript_name();
        Style {
            is_bold: name.contains("Bold"),
            is_italic: name.contains("Oblique") || name.contains("Italic"),
            is_serif: name.starts_with("Times"),
            is_monospaced: name.starts_with("Courier"),
        }
    };
    match query {
        FontQuery::Standard(font) => (font.postscript_name().to_owned(), style(*font)),
        FontQuery::Fallback(wanted) => {
            let look = Style {
                is_bold: wanted.is_bold || wanted.font_weight >= 600,
                is_italic: wanted.is_italic,
                is_serif: wanted.is_serif,
                is_monospaced: wanted.is_fixed_pitch,
            };
            (format!("{wanted:?}"), look)
        }
    }
}

/// An installed font with the requested name, or one for the requested character collection.
fn find_installed(wanted: &FallbackFontQuery, style: Style) -> Option<Installed> {
    let names = [&wanted.post_script_name, &wanted.font_name, &wanted.font_family];
    if let Some(face) = names.into_iter().flatten().find_map(|name| find_by_name(name)) {
        return Some(Installed { data: face.load()?, index: face.index, is_same: true });
    }
    // Characters that distinguish the collections.
    let sample: &[char] = match wanted.character_collection.as_ref()?.family {
        CidFamily::AdobeGB1 => &['国', '这', '的', '。'],
        CidFamily::AdobeCNS1 => &['國', '這', '的', '。'],
        CidFamily::AdobeJapan1 => &['国', 'の', 'カ', '。'],
        CidFamily::AdobeKorea1 => &['한', '국', '어'],
        _ => return None,
    };
    let face = find_covering(sample, style)?;
    Some(Installed { data: face.load()?, index: face.index, is_same: false })
}

/// The name of a font, if its letters are symbols.
fn symbol_font(wanted: &FallbackFontQuery) -> Option<String> {
    let names = [&wanted.post_script_name, &wanted.font_name, &wanted.font_family];
    names.into_iter().flatten().find(|name| is_symbol_font(name)).cloned()
}

/// Whether a code of one byte is a printed character in Windows' Latin 1, which most encodings are based on.
/// Others occur in texts by mistake, and viewers skip them.
fn is_printed(code: u32) -> bool {
    !matches!(code, 0..=0x20 | 0x7F | 0x81 | 0x8D | 0x8F | 0x90 | 0x9D | 0xA0 | 0xAD | 0x100..)
}

/// Whether a code of one byte stands for a character: a printed one, or one that only the font of the file has.
fn is_character(code: u32) -> bool {
    is_printed(code) || u8::try_from(code).is_ok_and(is_own_code)
}

/// Whether a text is invisible: spaces, controls, marks of direction.
fn is_invisible(text: &BfString) -> bool {
    let invisible = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF9..=0xFFFD)
    };
    match text {
        BfString::Char(c) => invisible(*c),
        BfString::String(text) => text.chars().all(invisible),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_and_what_the_contained_fonts_have() {
        for (text, seen) in
            [(' ', false), ('\u{a0}', false), ('\u{feff}', false), ('\n', false), ('\u{ad}', true), ('x', true)]
        {
            assert_eq!(is_invisible(&BfString::Char(text)), !seen, "{text:?}");
        }
        for (character, has) in [('A', true), ('é', true), ('€', true), ('\u{ad}', false), ('文', false), ('Ж', false)]
        {
            assert_eq!(is_contained(character), has, "{character}");
        }
    }

    #[test]
    fn which_codes_are_printed() {
        for (code, printed) in [(0x0A, false), (0x20, false), (0x21, true), (0x7F, false), (0x80, true), (0xAD, false)]
        {
            assert_eq!(is_printed(code), printed, "{code:x}");
        }
    }

    #[test]
    fn a_standard_font_is_one_of_the_contained_ones() {
        let fonts = Fonts::new(false);
        let (data, index) = fonts.resolve(&FontQuery::Standard(StandardFont::TimesBold)).unwrap();
        assert!((*data).as_ref().len() > 10_000 && index == 0);
        assert!(!fonts.improve(&BTreeSet::from(['文'])), "installed fonts are not used");
        let style = describe(&FontQuery::Standard(StandardFont::CourierBoldOblique)).1;
        assert_eq!(style, Style { is_bold: true, is_italic: true, is_serif: false, is_monospaced: true });
    }
}
