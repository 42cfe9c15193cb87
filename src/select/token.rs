//! The words of an expression: names, keywords, numbers, texts and symbols.

use super::error::FilterError;
use std::ops::Range;

/// A token of an expression, with its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Its bytes.
    pub(crate) span: Range<usize>,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A keyword, in any case.
    Keyword(Keyword),
    /// The name of a column or a member. In backquotes it may be any text.
    Name(String),
    /// A text in single or double quotes.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number.
    Decimal(f64),
    /// `=`, `!=`, `<`, `<=`, `>` or `>=`.
    Comparator(Comparator),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `.`
    Dot,
}

/// Keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    And,
    Or,
    Not,
    In,
    Like,
    Ilike,
    Contains,
    Is,
    Null,
    True,
    False,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Keyword {
    const ALL: [(&'static str, Self); 11] = [
        ("and", Self::And),
        ("or", Self::Or),
        ("not", Self::Not),
        ("in", Self::In),
        ("like", Self::Like),
        ("ilike", Self::Ilike),
        ("contains", Self::Contains),
        ("is", Self::Is),
        ("null", Self::Null),
        ("true", Self::True),
        ("false", Self::False),
    ];

    /// The keyword with this spelling, in any case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(spelling, _)| word.eq_ignore_ascii_case(spelling)).map(|(_, keyword)| *keyword)
    }
}

impl Comparator {
    /// Its symbol.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it compares the order of values.
    pub(crate) const fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// Symbols, and how they are read. The longer ones come first. `Err`: what to write instead.
const SYMBOLS: &[(&str, Result<TokenKind, &str>)] = &[
    ("==", Ok(TokenKind::Comparator(Comparator::Equal))),
    ("!=", Ok(TokenKind::Comparator(Comparator::NotEqual))),
    ("<>", Ok(TokenKind::Comparator(Comparator::NotEqual))),
    ("<=", Ok(TokenKind::Comparator(Comparator::LessOrEqual))),
    (">=", Ok(TokenKind::Comparator(Comparator::GreaterOrEqual))),
    ("&&", Err("write `and`")),
    ("||", Err("write `or`")),
    ("=~", Err("write `like`, with % for any text")),
    ("=", Ok(TokenKind::Comparator(Comparator::Equal))),
    ("<", Ok(TokenKind::Comparator(Comparator::Less))),
    (">", Ok(TokenKind::Comparator(Comparator::Greater))),
    ("(", Ok(TokenKind::Open)),
    (")", Ok(TokenKind::Close)),
    (",", Ok(TokenKind::Comma)),
    (".", Ok(TokenKind::Dot)),
    ("!", Err("write `not`")),
    ("%", Err("write patterns in quotes: 'a%'")),
    ("[", Err("write a list as ('a', 'b')")),
    ("“", Err("write text in straight quotes: 'text'")),
    ("‘", Err("write text in straight quotes: 'text'")),
    ("„", Err("write text in straight quotes: 'text'")),
];

/// The words of an expression.
///
/// # Errors
/// When there is something that is not a word.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = match first {
            '\'' | '"' | '`' => quoted(text, at, first)?,
            _ if is_number(rest) => number(text, at)?,
            _ if is_name_start(first) => {
                let length = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
                let word = &rest[..length];
                let is_member = matches!(tokens.last(), Some(Token { kind: TokenKind::Dot, .. }));
                let keyword = Keyword::parse(word).filter(|_| !is_member);
                (keyword.map_or_else(|| TokenKind::Name(word.to_owned()), TokenKind::Keyword), length)
            }
            _ => symbol(text, at)?,
        };
        tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    Ok(tokens)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_number(rest: &str) -> bool {
    let digits = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let digits = digits.strip_prefix('.').unwrap_or(digits);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// A number, and its length in bytes.
fn number(text: &str, at: usize) -> Result<(TokenKind, usize), FilterError> {
    let rest = &text[at..];
    let mut length = 0;
    let mut before = ' ';
    for c in rest.chars() {
        let is_sign = matches!(c, '-' | '+') && (length == 0 || matches!(before, 'e' | 'E'));
        // Everything adjacent to the digits, so that an invalid number is one mistake.
        if !is_sign && !is_name_part(c) && !matches!(c, '.' | '-' | ':' | '/' | '%' | '$' | '€') {
            break;
        }
        length += c.len_utf8();
        before = c;
    }
    let word = &rest[..length];
    let digits = word.strip_prefix('+').unwrap_or(word);
    let is_plain = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    let parsed = if is_plain { digits.parse::<f64>().ok().filter(|number| number.is_finite()) } else { None };
    match parsed {
        Some(number) => Ok((digits.parse::<i64>().map_or(TokenKind::Decimal(number), TokenKind::Whole), length)),
        None => {
            let allowed = if word.matches('-').count() == 2 {
                format!("write dates and times in quotes: '{word}'")
            } else {
                "write a number such as 12, -0.5 or 1e-6, and text in quotes".to_owned()
            };
            Err(FilterError::new(text, at..at + length, format!("`{word}` is not a valid number"), allowed))
        }
    }
}

/// A text or a name in quotes, and its length in bytes. The quote is doubled inside of it.
fn quoted(text: &str, at: usize, quote: char) -> Result<(TokenKind, usize), FilterError> {
    let mut content = String::new();
    let mut characters = text[at + 1..].char_indices().peekable();
    while let Some((offset, c)) = characters.next() {
        if c != quote {
            content.push(c);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            let kind = if quote == '`' { TokenKind::Name(content) } else { TokenKind::Text(content) };
            return Ok((kind, offset + 2));
        }
    }
    let allowed = format!("it begins here, and {quote} does not follow");
    Err(FilterError::new(text, at..at + 1, "a quote is not closed", allowed))
}

fn symbol(text: &str, at: usize) -> Result<(TokenKind, usize), FilterError> {
    let rest = &text[at..];
    let known = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    let length = known.map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), |(symbol, _)| symbol.len());
    let word = &rest[..length];
    match known {
        Some((_, Ok(kind))) => Ok((kind.clone(), length)),
        other => {
            let allowed = match other {
                Some((_, Err(instead))) => *instead,
                _ => "write columns, numbers, text in quotes, and = != < <= > >= in like contains is and or not ( )",
            };
            Err(FilterError::new(text, at..at + length, format!("unexpected `{word}`"), allowed))
        }
    }
}
