//! Text in Type 3 fonts that its rendering mode would outline, or make a clip. Viewers fill it whatever the mode, except for
//! the invisible one; the renderer does not. Source: ISO 32000-1, 9.3.6; what PDFium and MuPDF do.

use super::content_repair::read_token;
use hayro::hayro_syntax::object::{Array, Dict, Name};
use hayro::hayro_syntax::page::Resources;

/// Text that is filled.
const FILLED: i32 = 0;
/// Text that is not shown.
const INVISIBLE: i32 = 3;

/// Content with these resources in which text in Type 3 fonts is filled. `None`: all of it is already.
pub(crate) fn with_filled_text(content: &[u8], resources: &Resources<'_>) -> Option<Vec<u8>> {
    let is_type3 = |name: &Name<'_>| resources.get_font(name).is_some_and(|font| is_type3_font(&font));
    let has_mode = content.windows(2).any(|operator| operator == b"Tr");
    let of_state = |name: &Name<'_>| {
        let font = resources.get_ext_g_state(name)?.get::<Array<'_>>("Font")?.iter::<Dict<'_>>().next();
        Some(font.is_some_and(|font| is_type3_font(&font)))
    };
    has_mode.then(|| fill_text(content, is_type3, of_state)).flatten()
}

fn is_type3_font(font: &Dict<'_>) -> bool {
    font.get::<Name<'_>>("Subtype").as_deref() == Some(b"Type3")
}

/// What is set when text is shown.
#[derive(Clone, Copy)]
struct TextState {
    mode: i32,
    is_type3: bool,
}

/// `is_type3`: whether a font has the type; `of_state`: the same of the font that a graphics state sets, if it sets one.
fn fill_text(
    content: &[u8],
    is_type3: impl Fn(&Name<'_>) -> bool,
    of_state: impl Fn(&Name<'_>) -> Option<bool>,
) -> Option<Vec<u8>> {
    let (mut state, mut saved) = (TextState { mode: FILLED, is_type3: false }, Vec::new());
    let (mut out, mut operands) = (Vec::with_capacity(content.len()), Vec::new());
    let (mut rest, mut start, mut is_changed) = (content, 0, false);
    while !rest.is_empty() {
        let (token, after) = rest.split_at(read_token(rest).len());
        rest = after;
        let is_operand = match token {
            [first, ..] if *first == 0 || first.is_ascii_whitespace() || *first == b'%' => {
                out.extend(token);
                continue;
            }
            [first, ..] => !first.is_ascii_alphabetic() && !matches!(first, b'\'' | b'"'),
            [] => true,
        };
        if is_operand {
            if operands.is_empty() {
                start = out.len();
            }
            operands.push(token);
            out.extend(token);
            continue;
        }
        let shows_text = matches!(token, b"Tj" | b"TJ" | b"'" | b"\"");
        if shows_text && state.is_type3 && !matches!(state.mode, FILLED | INVISIBLE) && !operands.is_empty() {
            out.splice(start..start, format!(" {FILLED} Tr ").bytes());
            out.extend(token);
            out.extend(format!(" {} Tr", state.mode).bytes());
            is_changed = true;
        } else {
            out.extend(token);
        }
        match token {
            b"q" => saved.push(state),
            b"Q" => state = saved.pop().unwrap_or(state),
            b"Tr" => {
                let mode = operands.last().and_then(|mode| str::from_utf8(mode).ok()?.parse::<f64>().ok());
                #[expect(clippy::cast_possible_truncation, reason = "modes are small, and others mean nothing")]
                let mode = mode.map(|mode| mode as i32);
                state.mode = mode.unwrap_or(state.mode);
            }
            b"Tf" => state.is_type3 = last_name(&operands).is_some_and(|name| is_type3(&name)),
            b"gs" => {
                let font = last_name(&operands).and_then(|name| of_state(&name));
                state.is_type3 = font.unwrap_or(state.is_type3);
            }
            _ => {}
        }
        operands.clear();
    }
    is_changed.then_some(out)
}

/// The last operand that is a name.
fn last_name<'a>(operands: &[&'a [u8]]) -> Option<Name<'a>> {
    operands.iter().rev().find_map(|name| Name::new(name.strip_prefix(b"/")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_type_3_fonts_is_filled_and_other_text_is_as_it_was() {
        let fill = |content: &str| {
            let of_state = |name: &Name<'_>| if **name == *b"S" { None } else { Some(**name == *b"S3") };
            let filled = fill_text(content.as_bytes(), |name| &**name == b"T 3", of_state);
            filled.map(|content| String::from_utf8(content).unwrap())
        };
        for (content, expected) in [
            ("/T#203 9 Tf 1 Tr (a) Tj", "/T#203 9 Tf 1 Tr  0 Tr (a) Tj 1 Tr"),
            ("/T#203 9 Tf 1.0 Tr(a)Tj(b)Tj", "/T#203 9 Tf 1.0 Tr 0 Tr (a)Tj 1 Tr 0 Tr (b)Tj 1 Tr"),
            ("7 Tr q /T#203 9 Tf [(a) -3 <62>] TJ Q (b) Tj", "7 Tr q /T#203 9 Tf  0 Tr [(a) -3 <62>] TJ 7 Tr Q (b) Tj"),
            (
                "/T#203 9 Tf 2 Tr % (c)\n1 2 (a) \" (b)'",
                "/T#203 9 Tf 2 Tr % (c)\n 0 Tr 1 2 (a) \" 2 Tr  0 Tr (b)' 2 Tr",
            ),
            (
                "q /T#203 9 Tf Q 1 Tr (a) Tj /T#203 9 Tf (b) Tj",
                "q /T#203 9 Tf Q 1 Tr (a) Tj /T#203 9 Tf  0 Tr (b) Tj 1 Tr",
            ),
            ("1 Tr /S3 gs /S gs (a) Tj", "1 Tr /S3 gs /S gs  0 Tr (a) Tj 1 Tr"),
        ] {
            assert_eq!(fill(content).as_deref(), Some(expected));
        }
        for content in [
            "",
            "/T#203 9 Tf (a) Tj",
            "/T#203 9 Tf 3 Tr (a) Tj",
            "/F 9 Tf 1 Tr (a) Tj",
            "1 Tr q /T#203 9 Tf Q (a) Tj Q Q",
            "1 Tr /T#203 9 Tf /Other gs (a) Tj",
            "Tj Tf Tr",
        ] {
            assert_eq!(fill(content), None, "{content}");
        }
    }
}
