//! A separate page with the additions to another one: values of form fields, and annotations without an appearance. It
//! is a PDF that hayro interprets like any other.

use super::form_text::{TextStyle, to_win_ansi, width};
use super::losses::Lost;
use hayro::kurbo::Rect;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

/// Longest content, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// Number of the first object of a font.
const FIRST_FONT: usize = 6;

/// Content that is drawn over a page, in the coordinates of the page.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    content: String,
    /// Saved graphics states that have not been restored.
    open_states: usize,
    /// How often something was painted.
    painted: usize,
    /// Whether there was more content than [`MAX_BYTES`].
    is_full: bool,
    /// Fonts, and whether their codes are UTF-16.
    fonts: Vec<(&'static str, bool)>,
    /// Characters that are written in UTF-16.
    wide: BTreeSet<char>,
    /// Opacities in percent, each with the blend mode `Multiply` or without.
    states: HashMap<(u32, bool), usize>,
    /// What could not be drawn.
    pub(crate) lost: Vec<Lost>,
    /// The kinds of additions, for people.
    pub(crate) kinds: BTreeSet<&'static str>,
    /// Where it is drawn.
    pub(crate) places: Vec<Rect>,
    /// The version of the decoder that was the first to draw this.
    pub(crate) drawn_since: u32,
}

impl Overlay {
    /// Whether there is nothing to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.painted == 0
    }

    /// How often something was painted.
    pub(crate) fn painted(&self) -> usize {
        self.painted
    }

    /// Records that something of this kind was painted at a place.
    pub(crate) fn add_kind(&mut self, kind: &'static str, place: Rect) {
        self.kinds.insert(kind);
        self.places.push(place);
    }

    /// Records that versions of the decoder before this one drew something else.
    pub(crate) fn change_in(&mut self, version: u32) {
        self.drawn_since = self.drawn_since.max(version);
    }

    /// Whether content was left out because there is too much.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds operators. Those beyond the limit are left out, which is recorded as a loss.
    pub(crate) fn push(&mut self, operators: &str) {
        if self.is_full {
            return;
        }
        if self.content.len() + operators.len() >= MAX_BYTES {
            self.is_full = true;
            self.content.push_str(&"Q\n".repeat(self.open_states));
            self.lose_beyond(MAX_BYTES, "bytes of annotations and form fields");
            return;
        }
        // A path begins with a point or is a rectangle.
        let has_path = operators.contains(" m ") || operators.contains(" re ");
        match operators.rsplit(' ').next() {
            Some("f" | "S" | "B") if has_path => self.painted += 1,
            Some("ET") => self.painted += 1,
            _ => {}
        }
        match operators {
            "q" => self.open_states += 1,
            "Q" => self.open_states = self.open_states.saturating_sub(1),
            _ => {}
        }
        self.content.push_str(operators);
        self.content.push('\n');
    }

    /// Records that the page has more than `limit` of `what`, which are left out.
    pub(crate) fn lose_beyond(&mut self, limit: usize, what: &str) {
        self.lose_once(Lost::Content(format!("the page has more than {limit} {what}")));
    }

    fn lose_once(&mut self, lost: Lost) {
        if !self.lost.contains(&lost) {
            self.lost.push(lost);
        }
    }

    /// Adds a line of text that begins at (x, y).
    pub(crate) fn write(&mut self, style: &TextStyle, size: f64, (x, y): (f64, f64), text: &str) {
        if self.is_full {
            return;
        }
        if text.chars().any(needs_shaping) {
            self.lose_once(Lost::Shaping);
        }
        // The encoding of these is their own: the characters are codes.
        let is_symbolic = matches!(style.font, "ZapfDingbats" | "Symbol");
        let is_wide = !is_symbolic && text.chars().any(|character| to_win_ansi(character).is_none());
        let at = match self.fonts.iter().position(|font| *font == (style.font, is_wide)) {
            Some(at) => at,
            None => {
                self.fonts.push((style.font, is_wide));
                self.fonts.len() - 1
            }
        };
        let mut codes = String::new();
        for character in text.chars().filter(|character| !character.is_control()) {
            if is_wide {
                // Characters beyond 16 bits would be two codes.
                let unit = u16::try_from(u32::from(character)).unwrap_or_else(|_| self.lose_glyph(style));
                self.wide.insert(character);
                let _ = write!(codes, "{unit:04X}");
            } else {
                let code = to_win_ansi(character).map_or_else(|| self.lose_glyph(style), u16::from);
                let _ = write!(codes, "{code:02X}");
            }
        }
        if codes.is_empty() {
            return;
        }
        let color = &style.color;
        self.push(&format!("BT {color} /F{at} {size:.2} Tf 1 0 0 1 {x:.2} {y:.2} Tm <{codes}> Tj ET"));
    }

    /// Records a character that can't be written, and returns the code of a space.
    fn lose_glyph(&mut self, style: &TextStyle) -> u16 {
        self.lost.push(Lost::Glyphs(format!("the font {}", style.font)));
        u16::from(b' ')
    }

    /// The operator that sets this opacity, and the blend mode `Multiply`.
    pub(crate) fn set_state(&mut self, opacity: f64, is_multiplied: bool) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let percent = (opacity.clamp(0.0, 1.0) * 100.0).round() as u32;
        let next = self.states.len();
        let at = *self.states.entry((percent, is_multiplied)).or_insert(next);
        self.push(&format!("/G{at} gs"));
    }

    /// The PDF, whose page has this box.
    pub(crate) fn to_pdf(&self, page: Rect) -> Vec<u8> {
        let mut fonts = String::new();
        let mut objects = Vec::new();
        for (at, (name, is_wide)) in self.fonts.iter().enumerate() {
            let _ = write!(fonts, "/F{at} {} 0 R ", FIRST_FONT + objects.len());
            if *is_wide {
                let next = FIRST_FONT + objects.len() + 1;
                objects.push(format!(
                    "<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts[{next} 0 R]/ToUnicode 5 0 R>>"
                ));
                let mut widths = String::new();
                for character in &self.wide {
                    if let Ok(code) = u16::try_from(u32::from(*character)) {
                        let _ = write!(widths, "{code}[{}]", width(name, *character));
                    }
                }
                objects.push(format!(
                    "<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/DW 1000/W[{widths}]/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>"
                ));
            } else {
                let encoding =
                    if matches!(*name, "ZapfDingbats" | "Symbol") { "" } else { "/Encoding/WinAnsiEncoding" };
                objects.push(format!("<</Type/Font/Subtype/Type1/BaseFont/{name}{encoding}>>"));
            }
        }
        let mut states: Vec<_> = self.states.iter().collect();
        states.sort_by_key(|(_, at)| **at);
        let states: String = states
            .into_iter()
            .map(|((percent, is_multiplied), at)| {
                let opacity = f64::from(*percent) / 100.0;
                let mode = if *is_multiplied { "Multiply" } else { "Normal" };
                format!("/G{at}<</ca {opacity}/CA {opacity}/BM/{mode}>>")
            })
            .collect();
        let Rect { x0, y0, x1, y1 } = page;
        let mut all = vec![
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[{x0} {y0} {x1} {y1}]/Contents 4 0 R/Resources<</Font<<{fonts}>>/ExtGState<<{states}>>>>>>"
            ),
            stream(&self.content),
            stream(&unicode_map()),
        ];
        all.extend(objects);
        let mut out = String::from("%PDF-1.7\n");
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", all.len() + 1);
        for (at, object) in all.iter().enumerate() {
            let _ = writeln!(table, "{:010} 00000 n ", out.len());
            let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", at + 1);
        }
        let start = out.len();
        let _ = write!(out, "{table}trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", all.len() + 1);
        out.into_bytes()
    }
}

fn stream(content: &str) -> String {
    format!("<</Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// A map in which every code is its own character.
fn unicode_map() -> String {
    let mut map = String::from("begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n");
    for block in (0..=255_u32).collect::<Vec<_>>().chunks(100) {
        let _ = writeln!(map, "{} beginbfrange", block.len());
        block.iter().for_each(|high| _ = writeln!(map, "<{high:02X}00> <{high:02X}FF> <{high:02X}00>"));
        map.push_str("endbfrange\n");
    }
    map.push_str("endcmap");
    map
}

/// Whether a character belongs to a script that runs from right to left, or whose letters change with their neighbors:
/// written one after the other in the order of the text, they are another text.
fn needs_shaping(character: char) -> bool {
    // Hebrew to Arabic; Devanagari to Sinhala; Tibetan and Myanmar; Khmer and Mongolian; presentation forms.
    matches!(u32::from(character),
        0x0590..=0x08FF | 0x0900..=0x0DFF | 0x0F00..=0x109F | 0x1780..=0x18AF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_syntax::Pdf;
    use std::sync::Arc;

    #[test]
    fn an_overlay_is_a_pdf_with_its_text_and_states() {
        let mut overlay = Overlay::default();
        assert!(overlay.is_empty());
        let style = TextStyle::read("/Helv 10 Tf", |_| None);
        overlay.write(&style, 10.0, (1.0, 2.0), "caf\u{e9}");
        overlay.write(&style, 10.0, (1.0, 2.0), "文");
        overlay.set_state(0.5, true);
        overlay.set_state(0.5, true);
        let pdf = overlay.to_pdf(Rect::new(0.0, 0.0, 100.0, 50.0));
        let text = String::from_utf8_lossy(&pdf);
        for part in ["<636166E9> Tj", "<6587> Tj", "/F1 7 0 R", "/G0<</ca 0.5/CA 0.5/BM/Multiply>>", "[25991[1000]]"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("/G1"));
        let pdf = Pdf::new(Arc::new(pdf)).unwrap();
        assert_eq!(pdf.pages()[0].render_dimensions(), (100.0, 50.0));
        assert_eq!(overlay.lost, []);
    }

    #[test]
    fn only_what_paints_is_content() {
        for (operators, paints) in [
            ("q", false),
            ("0 0 9 9 re W n", false),
            ("1 0 0 rg", false),
            (" S", false),
            ("h f", false),
            ("0 0 m 9 9 l S", true),
            ("1.00 w 0 0 9 9 re B", true),
            ("BT 0 g <41> Tj ET", true),
        ] {
            let mut overlay = Overlay::default();
            overlay.push(operators);
            assert_eq!(overlay.is_empty(), !paints, "{operators}");
        }
    }

    #[test]
    fn characters_that_cannot_be_written_are_lost() {
        let glyph = |font: &str| Lost::Glyphs(format!("the font {font}"));
        let shaped = || Lost::Shaping;
        for (font, text, lost) in [
            ("/Helv 10 Tf", "\u{20BB7}\u{1F600}", vec![glyph("Helvetica"), glyph("Helvetica")]),
            ("/Helv 10 Tf", "caf\u{e9} 文", vec![]),
            ("/Helv 10 Tf", "\u{0e01}\u{0436}\u{03b1}", vec![]),
            ("/Helv 10 Tf", "a \u{0627}\u{0644}\u{0639}", vec![shaped()]),
            ("/Helv 10 Tf", "\u{05e9}\u{05dc}", vec![shaped()]),
            ("/Helv 10 Tf", "\u{0915}\u{094d}\u{0937}", vec![shaped()]),
            ("/ZaDb 10 Tf", "文", vec![glyph("ZapfDingbats")]),
            ("/ZaDb 10 Tf", "4", vec![]),
        ] {
            let mut overlay = Overlay::default();
            overlay.write(&TextStyle::read(font, |_| None), 10.0, (1.0, 2.0), text);
            assert_eq!(overlay.lost, lost, "{font} {text}");
        }
    }

    #[test]
    fn content_beyond_the_limit_is_lost_and_states_are_restored() {
        let mut overlay = Overlay::default();
        let long = "0 0 m 1 1 l S ".repeat(100_000);
        for _ in 0..5 {
            overlay.push("q");
            overlay.push(&long);
            overlay.push("Q");
        }
        assert!(overlay.is_full());
        assert_eq!(overlay.lost.len(), 1, "{:?}", overlay.lost);
        let count = |operator: &str| overlay.content.lines().filter(|line| *line == operator).count();
        assert_eq!((count("q"), count("Q")), (3, 3));
    }
}
