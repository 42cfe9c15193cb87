//! Escaping of names inside JSON Pointers (RFC 6901), and of text inside HTML.

use super::sanitize::is_control;

/// `name` as one token of a JSON Pointer: `~` becomes `~0` and `/` becomes `~1`.
#[must_use]
pub fn pointer_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A pointer to the key of the member at `pointer`. No JSON Pointer of a value is equal to it.
#[must_use]
pub fn key_pointer(pointer: &str) -> String {
    format!("{pointer}/~key")
}

/// `text` as HTML text or attribute value. Control characters and those that change the direction of text are replaced.
#[must_use]
pub fn html_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_control(c) && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A name from outside as an element within a sentence: the direction of its letters does not change that of what
/// surrounds it.
#[must_use]
pub fn html_name(name: &str) -> String {
    format!("<bdi>{}</bdi>", html_text(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    #[test]
    fn text_is_never_markup() {
        assert_eq!(html_text("<b> & \"c\" 'd'\u{1b}"), "&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}");
        assert_eq!(html_name("a\u{202e}gnp.<b>"), "<bdi>a\u{fffd}gnp.&lt;b&gt;</bdi>");
    }

    proptest! {
        /// `serde_json` unescapes pointers on its own: it finds every member by its token.
        #[test]
        fn a_member_is_found_by_its_token(name in "[a-z~/01 ]{0,8}") {
            let object = Value::Object(Map::from_iter([(name.clone(), Value::Bool(true))]));
            let pointer = format!("/{}", pointer_token(&name));
            prop_assert_eq!(object.pointer(&pointer), Some(&Value::Bool(true)));
        }
    }
}
