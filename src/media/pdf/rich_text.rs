//! The characters of rich text, a subset of XHTML. Source: ISO 32000-1, 12.7.3.4.

/// Longest reference to a character, such as `&#x1F600;`.
const MAX_REFERENCE: usize = 12;

/// The text of rich text, with the ends of its paragraphs.
pub(crate) fn read_rich_text(markup: &str) -> String {
    let (mut text, mut rest) = (String::new(), markup);
    let mut is_blank = true;
    while let Some(character) = rest.chars().next() {
        match character {
            '<' => {
                let (tag, behind) = split_tag(rest);
                let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
                let ends_line = ["/p", "/div", "/li", "br", "br/"].contains(&&*name.to_ascii_lowercase());
                if ends_line {
                    text.truncate(text.trim_end_matches(' ').len());
                    text.push('\n');
                    is_blank = true;
                }
                rest = behind;
            }
            '&' => {
                let (character, behind) = split_reference(rest);
                text.push(character);
                is_blank = false;
                rest = behind;
            }
            _ => {
                let is_space = character.is_ascii_whitespace();
                match is_space {
                    true if !is_blank => text.push(' '),
                    true => {}
                    false => text.push(character),
                }
                is_blank = is_space;
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The content of the tag, comment or declaration that markup begins with, and what follows it.
fn split_tag(markup: &str) -> (&str, &str) {
    let end = if markup.starts_with("<!--") { "-->" } else { ">" };
    let (tag, behind) = markup.split_once(end).unwrap_or((markup, ""));
    (tag.trim_start_matches('<'), behind)
}

/// The character of the reference that markup begins with, and what follows it.
fn split_reference(markup: &str) -> (char, &str) {
    let found = markup[1..].split_once(';').filter(|(name, _)| name.len() <= MAX_REFERENCE);
    let character = found.and_then(|(name, _)| match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    });
    match (character, found) {
        (Some(character), Some((_, behind))) => (character, behind),
        _ => ('&', &markup[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::read_rich_text;

    #[test]
    fn rich_text_is_read_without_its_markup() {
        for (markup, text) in [
            (
                r#"<?xml version="1.0"?><body xmlns="http://www.w3.org/1999/xhtml"><p>ONLY <b>RICH</b></p></body>"#,
                "ONLY RICH",
            ),
            ("<body>\n  <p>One</p>\n  <p dir=\"ltr\">Two<br/>Three</p>\n</body>", "One\nTwo\nThree"),
            ("<p>a &lt; b &amp;&#160;c &#x41; &unknown; & d</p>", "a < b &\u{a0}c A &unknown; & d"),
            ("<!-- <p>not</p> --><P>Shown</P>", "Shown"),
            ("plain", "plain"),
            ("<p>cut <b", "cut"),
            ("<body></body>", ""),
        ] {
            assert_eq!(read_rich_text(markup), text);
        }
    }
}
