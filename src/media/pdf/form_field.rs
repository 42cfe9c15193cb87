//! Fields of forms without an appearance: their values are drawn as viewers draw them. Source: ISO
//! 32000-1, 12.7.

use super::appearance::{Appearance, FILL, STROKE, border_width, clip, color, ellipse, shown_text, start, write_lines};
use super::form_text::{TextStyle, base_font, read_text};
use super::losses::Lost;
use super::overlay::Overlay;
use hayro::hayro_syntax::object::{Dict, Name, Object};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::xref::XRef;
use hayro::kurbo::{Affine, Rect};

/// Maximum number of ancestors of a field.
const MAX_ANCESTORS: usize = 32;
/// Maximum number of options of a list that are drawn.
const MAX_OPTIONS: usize = 1000;
/// The widest frame of a field that is expected, in points.
const FRAME: f64 = 3.0;
const MULTILINE: u32 = 1 << 12;
const PASSWORD: u32 = 1 << 13;
const RADIO: u32 = 1 << 15;
const PUSH_BUTTON: u32 = 1 << 16;
const COMBO: u32 = 1 << 17;
const COMB: u32 = 1 << 24;

/// What the fields of a document have in common.
pub(crate) struct Form<'a> {
    /// Whether viewers have to draw the fields from their values.
    pub(crate) needs_appearances: bool,
    default_appearance: String,
    /// The fonts that default appearances name.
    pub(crate) fonts: Option<Dict<'a>>,
    /// The objects of the document.
    xref: &'a XRef,
}

impl<'a> Form<'a> {
    /// The form of the document that a page belongs to.
    pub(crate) fn of_page(page: &Page<'a>) -> Self {
        let xref = page.xref();
        let form = xref.get::<Dict<'a>>(xref.root_id()).and_then(|catalog| catalog.get::<Dict<'a>>("AcroForm"));
        let form = form.unwrap_or_default();
        let fonts = form.get::<Dict<'a>>("DR").and_then(|resources| resources.get::<Dict<'a>>("Font"));
        Self {
            needs_appearances: form.get::<bool>("NeedAppearances").unwrap_or(false),
            default_appearance: form.get::<Object<'_>>("DA").and_then(|value| read_text(&value)).unwrap_or_default(),
            fonts: fonts.or_else(|| Some(page.resources().fonts.clone())),
            xref,
        }
    }
}

/// A field at its place on a page.
pub(crate) struct Field<'a, 'f> {
    /// The field and its ancestors.
    dicts: Vec<Dict<'a>>,
    form: &'f Form<'a>,
    rect: Rect,
}

impl<'a, 'f> Field<'a, 'f> {
    pub(crate) fn new(widget: &Dict<'a>, form: &'f Form<'a>, rect: Rect) -> Self {
        let mut dicts = vec![widget.clone()];
        while dicts.len() < MAX_ANCESTORS
            && let Some(parent) = dicts.last().and_then(|dict| dict.get::<Dict<'a>>("Parent"))
        {
            dicts.push(parent);
        }
        Self { dicts, form, rect }
    }

    fn get(&self, key: &str) -> Option<Object<'a>> {
        self.dicts.iter().find_map(|dict| dict.get::<Object<'a>>(key))
    }

    fn number(&self, key: &str) -> Option<u32> {
        u32::try_from(self.get(key)?.into_number()?.as_i64()).ok()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(|value| read_text(&value))
    }

    fn style(&self) -> TextStyle {
        let text = self.text("DA").unwrap_or_else(|| self.form.default_appearance.clone());
        TextStyle::read(&text, |name| base_font(self.form.fonts.as_ref(), name))
    }

    /// Whether the file contains how a text field or a combo box looks, and that shows another text than
    /// its value.
    pub(crate) fn has_stale_appearance(&self) -> bool {
        let flags = self.number("Ff").unwrap_or(0);
        let value = match self.get("FT").and_then(Object::into_name).as_deref() {
            Some(b"Tx") if flags & PASSWORD == 0 => match self.get("V") {
                None | Some(Object::Null(_)) => String::new(),
                Some(value) => match read_text(&value) {
                    Some(text) => text,
                    None => return false,
                },
            },
            Some(b"Ch") if flags & COMBO != 0 => self.shown_choice(&self.options().0).unwrap_or_default(),
            _ => return false,
        };
        let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
        Appearance::find(&self.dicts[0], self.form.xref) == Appearance::Drawn
            && shown_text(&self.dicts[0]).is_none_or(|shown| visible(&shown) != visible(&value))
    }

    /// What a combo box shows.
    fn shown_choice(&self, options: &[(String, String)]) -> Option<String> {
        let value = self.selected().into_iter().next()?;
        let option = options.iter().find(|(stored, _)| *stored == value);
        Some(option.map_or(value, |(_, shown)| shown.clone()))
    }

    /// Draws the field, unless the file contains how it looks.
    pub(crate) fn draw(&self, appearance: Appearance, overlay: &mut Overlay) {
        let is_needed = match appearance {
            Appearance::Missing | Appearance::StateMissing => true,
            // An empty one may be meant, unless the viewer is asked to replace it.
            Appearance::Empty => self.form.needs_appearances,
            Appearance::Drawn => false,
        };
        if !is_needed {
            return;
        }
        let kind = self.get("FT").and_then(Object::into_name);
        let flags = self.number("Ff").unwrap_or(0);
        overlay.push("q");
        let rect = self.turn(overlay);
        if appearance.is_missing() {
            self.draw_frame(rect, flags & RADIO != 0, overlay);
        }
        let painted = overlay.painted();
        match kind.as_deref() {
            Some(b"Tx") => self.draw_text(rect, flags, overlay),
            Some(b"Ch") if flags & COMBO != 0 => self.draw_choice(rect, overlay),
            Some(b"Ch") => self.draw_list(rect, overlay),
            Some(b"Btn") => self.draw_button(rect, flags, overlay),
            // A signature shows what its appearance shows.
            _ => {}
        }
        overlay.push("Q");
        if overlay.painted() > painted {
            // Without its frame.
            let (across, down) = ((self.rect.width() / 3.0).min(FRAME), (self.rect.height() / 3.0).min(FRAME));
            overlay.add_kind("form fields", self.rect.inset((-across, -down)));
        }
    }

    /// Turns the coordinates as the field is turned, and returns its rectangle in them.
    fn turn(&self, overlay: &mut Overlay) -> Rect {
        let turn = self.dicts[0].get::<Dict<'_>>("MK").and_then(|dict| dict.get::<i32>("R")).unwrap_or(0);
        let Rect { x0, y0, x1, y1 } = self.rect;
        let (matrix, width, height) = match turn.rem_euclid(360) {
            90 => ([0.0, 1.0, -1.0, 0.0, x1, y0], self.rect.height(), self.rect.width()),
            180 => ([-1.0, 0.0, 0.0, -1.0, x1, y1], self.rect.width(), self.rect.height()),
            270 => ([0.0, -1.0, 1.0, 0.0, x0, y1], self.rect.height(), self.rect.width()),
            _ => return self.rect,
        };
        let [a, b, c, d, e, f] = Affine::new(matrix).as_coeffs();
        overlay.push(&format!("{a} {b} {c} {d} {e:.3} {f:.3} cm"));
        Rect::new(0.0, 0.0, width, height)
    }

    fn draw_frame(&self, rect: Rect, is_round: bool, overlay: &mut Overlay) {
        let Some(looks) = self.dicts[0].get::<Dict<'_>>("MK") else { return };
        let width = border_width(&self.dicts[0]);
        let (fill, stroke) = (color(&looks, "BG", FILL), color(&looks, "BC", STROKE).filter(|_| width > 0.0));
        let paint = match (&fill, &stroke) {
            (Some(_), Some(_)) => "B",
            (Some(_), None) => "f",
            (None, Some(_)) => "S",
            (None, None) => return,
        };
        let inner = rect.inset(-width / 2.0);
        let shape = match is_round {
            true => ellipse(inner),
            false => format!("{:.3} {:.3} {:.3} {:.3} re", inner.x0, inner.y0, inner.width(), inner.height()),
        };
        overlay.push(&format!(
            "{} {} {width:.2} w {shape} {paint}",
            fill.unwrap_or_default(),
            stroke.unwrap_or_default()
        ));
    }

    fn draw_text(&self, rect: Rect, flags: u32, overlay: &mut Overlay) {
        let text = match self.get("V") {
            None | Some(Object::Null(_)) => return,
            Some(value) => read_text(&value),
        };
        let Some(text) = text else {
            overlay.lost.push(Lost::Appearance("a form field".to_owned()));
            return;
        };
        let text = if flags & PASSWORD != 0 { "*".repeat(text.chars().count()) } else { text };
        let (style, quadding) = (self.style(), self.number("Q").unwrap_or(0));
        match (flags & MULTILINE != 0, self.number("MaxLen")) {
            (true, _) => {
                write_lines(overlay, &style, rect.inset(-2.0), &text, quadding);
            }
            (false, Some(cells @ 1..=1000)) if flags & COMB != 0 => {
                Self::draw_comb(rect, &style, &text, cells, overlay);
            }
            _ => Self::draw_line(rect, &style, &text, quadding, overlay),
        }
    }

    fn draw_line(rect: Rect, style: &TextStyle, text: &str, quadding: u32, overlay: &mut Overlay) {
        let text = text.replace(['\r', '\n'], " ");
        if text.trim().is_empty() {
            return;
        }
        let inner = rect.inset((-2.0, 0.0));
        let size = match style.size {
            size if size > 0.0 => size,
            _ => (rect.height() * 0.7).min(inner.width() / style.width(&text).max(0.1)).max(2.0),
        };
        overlay.push(&clip(rect));
        let y = rect.center().y - size * 0.36;
        overlay.write(style, size, (start(style, size, inner, &text, quadding), y), &text);
    }

    /// Each character in its own cell.
    fn draw_comb(rect: Rect, style: &TextStyle, text: &str, cells: u32, overlay: &mut Overlay) {
        let width = rect.width() / f64::from(cells);
        let size = if style.size > 0.0 { style.size } else { (rect.height() * 0.7).min(width * 1.4) };
        overlay.push(&clip(rect));
        for (at, character) in text.chars().take(cells as usize).enumerate() {
            let (character, at) = (character.to_string(), u32::try_from(at).unwrap_or(0));
            let left = rect.x0 + f64::from(at) * width;
            let cell = Rect::new(left, rect.y0, left + width, rect.y1);
            let x = start(style, size, cell, &character, 1);
            overlay.write(style, size, (x, rect.center().y - size * 0.36), &character);
        }
    }

    /// The options: what is stored, and what is shown; and whether there are more than [`MAX_OPTIONS`].
    fn options(&self) -> (Vec<(String, String)>, bool) {
        let options = self.get("Opt").and_then(Object::into_array);
        let option = |option: Object<'_>| match &option {
            Object::Array(pair) => {
                let mut texts = pair.iter::<Object<'_>>().filter_map(|value| read_text(&value));
                let stored = texts.next()?;
                Some((stored.clone(), texts.next().unwrap_or(stored)))
            }
            other => read_text(other).map(|text| (text.clone(), text)),
        };
        let mut objects = options.iter().flat_map(|all| all.iter::<Object<'_>>());
        let first = objects.by_ref().take(MAX_OPTIONS).filter_map(option).collect();
        (first, objects.next().is_some())
    }

    /// The stored values that are selected.
    fn selected(&self) -> Vec<String> {
        match self.get("V") {
            Some(Object::Array(all)) => all.iter::<Object<'_>>().filter_map(|value| read_text(&value)).collect(),
            Some(value) => read_text(&value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn draw_choice(&self, rect: Rect, overlay: &mut Overlay) {
        let (options, has_more) = self.options();
        let Some(shown) = self.shown_choice(&options) else { return };
        if has_more && !options.iter().any(|(_, known)| *known == shown) {
            overlay.lose_beyond(MAX_OPTIONS, "options in a form field");
        }
        Self::draw_line(rect, &self.style(), &shown, self.number("Q").unwrap_or(0), overlay);
    }

    fn draw_list(&self, rect: Rect, overlay: &mut Overlay) {
        let (selected, style) = (self.selected(), self.style());
        let size = if style.size > 0.0 { style.size } else { 12.0 };
        let first = self.number("TI").unwrap_or(0) as usize;
        overlay.push(&clip(rect));
        let mut top = rect.y1 - 1.0;
        let (options, has_more) = self.options();
        for (stored, shown) in options.into_iter().skip(first) {
            if top < rect.y0 {
                return;
            }
            let bottom = top - size * 1.2;
            if selected.contains(&stored) || selected.contains(&shown) {
                let (x, width, height) = (rect.x0, rect.width(), top - bottom);
                overlay.push(&format!("0.6 0.75 0.85 rg {x:.3} {bottom:.3} {width:.3} {height:.3} re f"));
            }
            overlay.write(&style, size, (rect.x0 + 2.0, bottom + size * 0.3), &shown);
            top = bottom;
        }
        if has_more && top >= rect.y0 {
            overlay.lose_beyond(MAX_OPTIONS, "options in a form field");
        }
    }

    fn draw_button(&self, rect: Rect, flags: u32, overlay: &mut Overlay) {
        let looks = self.dicts[0].get::<Dict<'_>>("MK").unwrap_or_default();
        let caption = looks.get::<Object<'_>>("CA").and_then(|value| read_text(&value));
        if flags & PUSH_BUTTON != 0 {
            if let Some(caption) = caption {
                Self::draw_line(rect, &self.style(), &caption, 1, overlay);
            }
            return;
        }
        // Without an appearance nothing names the state that is "on", except that it is not `Off`.
        let state = self.dicts[0].get::<Name<'_>>("AS").or_else(|| self.get("V").and_then(Object::into_name));
        if state.is_none_or(|state| &*state == b"Off") {
            return;
        }
        let mark = match caption.as_deref() {
            Some(mark) if mark.len() == 1 => mark,
            _ if flags & RADIO != 0 => "l",
            _ => "4",
        };
        let style = TextStyle { font: "ZapfDingbats", ..self.style() };
        let size = if style.size > 0.0 { style.size } else { rect.width().min(rect.height()) * 0.8 };
        let center = rect.center();
        overlay.write(&style, size, (center.x - size * 0.4, center.y - size * 0.35), mark);
    }
}
