//! Text in Type 3 fonts that its rendering mode would outline, or make a clip. Viewers fill it whatever the mode, except for
//! the invisible one; the renderer does not. Source: ISO 32000-1, 9.3.6; what PDFium and MuPDF do.

use super::content_repair::read_token;
use hayro::hayro_syntax::object::Name;
use hayro::hayro_syntax::page::Resources;

/// Text that is filled.
const FILLED: i32 = 0;
/// Text that is not shown.
const INVISIBLE: i32 = 3;

/// Content with these resources in which text in Type 3 fonts is filled. `None`: all of it is already.
pub(crate) fn with_filled_text(content: &[u8], resources: &Resources<'_>) -> Option<Vec<u8>> {
    let is_type3 = |name: &Name<'_>| {
        let font = resources.get_font(name);
        font.is_some_and(|font| font.get::<Name<'_>>("Subtype").as_deref() == Some(b"Type3"))
    };
    let has_mode = content.windows(2).any(|operator| operator == b"Tr");
    has_mode.then(|| fill_text(content, is_type3)).flatten()
}

/// What is set when text is shown.
#[derive(Clone, Copy)]
struct TextState {
    mode: i32,
    is_type3: bool,
}

fn fill_text(content: &[u8], is_type3: impl Fn(&Name<'_>) -> bool) -> Option<Vec<u8>> {
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
            out.splice(start..start, format!("{FILLED} Tr ").bytes());
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
                let mode = operands.last().and_then(|mode| str::from_utf8(mode).ok()?.parse().ok());
                state.mode = mode.unwrap_or(state.mode);
            }
            b"Tf" => {
                let name = operands.iter().rev().find_map(|name| Name::new(name.strip_prefix(b"/")?));
                state.is_type3 = name.is_some_and(|name| is_type3(&name));
            }
            _ => {}
        }
        operands.clear();
    }
    is_changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_type_3_fonts_is_filled_and_other_text_is_as_it_was() {
        let fill = |content: &str| {
            let filled = fill_text(content.as_bytes(), |name| &**name == b"T 3");
            filled.map(|content| String::from_utf8(content).unwrap())
        };
        for (content, expected) in [
            ("/T#203 9 Tf 1 Tr (a) Tj", "/T#203 9 Tf 1 Tr 0 Tr (a) Tj 1 Tr"),
            ("7 Tr q /T#203 9 Tf [(a) -3 <62>] TJ Q (b) Tj", "7 Tr q /T#203 9 Tf 0 Tr [(a) -3 <62>] TJ 7 Tr Q (b) Tj"),
            ("/T#203 9 Tf 2 Tr % (c)\n1 2 (a) \" (b)'", "/T#203 9 Tf 2 Tr % (c)\n0 Tr 1 2 (a) \" 2 Tr 0 Tr (b)' 2 Tr"),
            (
                "q /T#203 9 Tf Q 1 Tr (a) Tj /T#203 9 Tf (b) Tj",
                "q /T#203 9 Tf Q 1 Tr (a) Tj /T#203 9 Tf 0 Tr (b) Tj 1 Tr",
            ),
        ] {
            assert_eq!(fill(content).as_deref(), Some(expected));
        }
        for content in [
            "",
            "/T#203 9 Tf (a) Tj",
            "/T#203 9 Tf 3 Tr (a) Tj",
            "/F 9 Tf 1 Tr (a) Tj",
            "1 Tr q /T#203 9 Tf Q (a) Tj Q Q",
            "Tj Tf Tr",
        ] {
            assert_eq!(fill(content), None, "{content}");
        }
    }
}
