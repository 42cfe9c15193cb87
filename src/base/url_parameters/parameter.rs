//! A parameter as it is written.

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlParameter {
    /// It distinguishes files.
    Identifying,
    /// It signs the URL, or limits what a secret allows.
    Signature,
    /// A key, a token or a password.
    Token,
    /// A secret on some servers, and the name of a file on others.
    Ambiguous,
}

/// A parameter of a query.
pub(crate) struct Parameter<'a> {
    /// Its name, decoded and in lower case. That of a member, such as `auth[token]` or `auth.token`, is `auth_token`.
    pub(crate) name: String,
    /// The words of the name of a member, from the outside in, without indices: `user` and `pwd` of `user[pwd][0]`.
    pub(crate) words: Vec<String>,
    /// Whether the name has brackets: dots may also be a part of it.
    pub(crate) has_brackets: bool,
    /// Its value, as written; empty if there is none.
    pub(crate) value: &'a [u8],
}

impl<'a> Parameter<'a> {
    /// Reads a parameter: a name and, behind an equals sign, a value.
    pub(crate) fn read(part: &'a [u8]) -> Self {
        let (name, value) = split(part, b'=');
        let name = url::form_urlencoded::parse(name).next().map(|(name, _)| name);
        let written = name.map(|name| name.trim_matches(is_around_name).to_lowercase()).unwrap_or_default();
        let is_index = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let name = written.trim_end_matches("[]").to_owned();
        let words: Vec<String> =
            name.split(['[', ']', '.']).filter(|part| !is_index(part)).map(str::to_owned).collect();
        // A single letter signs only where it stands alone.
        let name = if words.iter().all(|word| word.len() == 1) { name } else { words.join("_") };
        Self { name, words, has_brackets: written.contains('['), value: value.unwrap_or_default() }
    }
}

/// Whether a character before or behind a name does not belong to it.
fn is_around_name(character: char) -> bool {
    character == '?' || character.is_whitespace() || character.is_control()
}

/// A name or a value of a parameter, percent-encoded.
#[must_use]
pub(crate) fn encode(text: &str) -> String {
    // A plus sign of the text itself is encoded; the others stand for spaces, which not every server decodes.
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The text before the first `separator`, and that behind it.
pub(crate) fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}
