//! The grammar of expressions and their types, as a Pratt parser: `or` binds weaker than `and`, `and` weaker
//! than `not`, and that weaker than comparisons.

use super::columns::{FilterColumn, FilterColumns};
use super::error::FilterError;
use super::expression::{Expression, Operand};
use super::pattern::Pattern;
use super::token::{Comparator, Keyword, Token, TokenKind, tokens};
use super::value::{Literal, ValueKind};
use crate::base::unicode::nfc;
use crate::base::units::{is_date, parse_time};
use crate::manifest::nearest_name;
use std::ops::Range;

/// Maximum depth of parentheses and of `not`.
const MAX_DEPTH: usize = 64;
/// How strongly `or`, `and` and `not` bind.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
/// Maximum number of values that a message lists.
const MAX_LISTED: usize = 12;

/// Reads an expression.
pub(crate) struct Parser<'a> {
    text: &'a str,
    columns: &'a FilterColumns,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// A value that was typed, with its place.
type Typed<T> = (T, Range<usize>);

impl<'a> Parser<'a> {
    /// A parser of `text`.
    ///
    /// # Errors
    /// When a token is not valid.
    pub(crate) fn new(text: &'a str, columns: &'a FilterColumns) -> Result<Self, FilterError> {
        Ok(Self { text, columns, tokens: tokens(text)?, at: 0, depth: 0 })
    }

    /// The whole expression.
    ///
    /// # Errors
    /// The fault, and its position.
    pub(crate) fn parse(mut self) -> Result<Expression, FilterError> {
        if self.tokens.is_empty() {
            return Err(self.error(0..self.text.len(), "the expression is empty", "such as: status = 'ok'"));
        }
        let expression = self.expression(0)?;
        match self.tokens.get(self.at) {
            None => Ok(expression),
            Some(Token { kind: TokenKind::Close, span }) => {
                Err(self.error(span.clone(), "there is no `(` for this `)`", ""))
            }
            Some(token) => Err(self.unexpected(token.span.clone(), "`and`, `or`, or the end")),
        }
    }

    /// An expression whose operators bind more strongly than `weakest`.
    fn expression(&mut self, weakest: u8) -> Result<Expression, FilterError> {
        let mut left = self.prefix()?;
        loop {
            let (strength, keyword) = match self.peek() {
                Some(TokenKind::Keyword(keyword @ Keyword::Or)) => (OR, *keyword),
                Some(TokenKind::Keyword(keyword @ Keyword::And)) => (AND, *keyword),
                _ => return Ok(left),
            };
            if strength <= weakest {
                return Ok(left);
            }
            // A chain is one list, so that its length is not the depth of the expression.
            let mut parts = vec![left];
            while self.take_keyword(keyword) {
                parts.push(self.expression(strength)?);
            }
            left = if keyword == Keyword::Or { Expression::Or(parts) } else { Expression::And(parts) };
        }
    }

    fn prefix(&mut self) -> Result<Expression, FilterError> {
        let span = self.span();
        if self.depth >= MAX_DEPTH {
            return Err(self.error(span, "the expression is too deep", format!("at most {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let expression = if self.take_keyword(Keyword::Not) {
            Expression::Not(Box::new(self.expression(NOT)?))
        } else if self.skip_if(&TokenKind::Open) {
            let inner = self.expression(0)?;
            if !self.skip_if(&TokenKind::Close) {
                return Err(match self.tokens.get(self.at) {
                    Some(token) => self.unexpected(token.span.clone(), "`and`, `or` or `)`"),
                    None => self.error(span, "there is no `)` for this `(`", ""),
                });
            }
            inner
        } else {
            self.predicate()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    /// A comparison, or a boolean column.
    fn predicate(&mut self) -> Result<Expression, FilterError> {
        let (left, left_span) = self.operand(None)?;
        if let Some(TokenKind::Comparator(comparison)) = self.peek() {
            let (comparison, symbol_span) = (*comparison, self.span());
            self.at += 1;
            return self.comparison((left, left_span), (comparison, symbol_span));
        }
        let Operand::Column(column) = left else {
            return Err(self.error(left_span, "a comparison begins with a column", "name a column"));
        };
        if self.take_keyword(Keyword::Is) {
            let is_not = self.take_keyword(Keyword::Not);
            let span = self.span();
            if !self.take_keyword(Keyword::Null) {
                return Err(self.unexpected(span, "`null` or `not null`"));
            }
            return Ok(negated(Expression::IsNull(column), is_not));
        }
        let begin = self.at;
        let is_not = self.take_keyword(Keyword::Not);
        let span = self.span();
        let tested = match self.peek() {
            Some(TokenKind::Keyword(Keyword::In)) => {
                self.at += 1;
                self.in_list(column, span)?
            }
            Some(TokenKind::Keyword(keyword @ (Keyword::Like | Keyword::Ilike))) => {
                let ignores_case = *keyword == Keyword::Ilike;
                self.at += 1;
                self.like(column, (ignores_case, span))?
            }
            Some(TokenKind::Keyword(Keyword::Contains)) => {
                self.at += 1;
                self.contains(column, span)?
            }
            _ if is_not => return Err(self.unexpected(span, "`in`, `like` or `contains`")),
            _ if column.kind == ValueKind::Boolean => {
                self.at = begin;
                return Ok(Expression::IsTrue(column));
            }
            _ => return Err(self.unexpected(span, "= != < <= > >= in like contains is")),
        };
        Ok(negated(tested, is_not))
    }

    fn comparison(
        &mut self,
        (left, left_span): Typed<Operand>,
        (comparison, symbol_span): Typed<Comparator>,
    ) -> Result<Expression, FilterError> {
        let compared = match &left {
            Operand::Column(column) => Some(column.clone()),
            Operand::Literal(_) => None,
        };
        let (right, right_span) = self.operand(compared.as_ref())?;
        let (left, right) = match (left, right) {
            (Operand::Column(column), Operand::Literal(literal)) => {
                self.check_comparable(&column, left_span, (comparison, symbol_span))?;
                self.check_order(&column, comparison, (&literal, &right_span))?;
                let literal = self.fitting(&column, (literal, right_span), !comparison.is_order())?;
                (Operand::Column(column), Operand::Literal(literal))
            }
            (Operand::Literal(literal), Operand::Column(column)) => {
                self.check_comparable(&column, right_span, (comparison, symbol_span))?;
                self.check_order(&column, comparison, (&literal, &left_span))?;
                let literal = self.fitting(&column, (literal, left_span), !comparison.is_order())?;
                (Operand::Literal(literal), Operand::Column(column))
            }
            (Operand::Column(one), Operand::Column(other)) => {
                self.check_comparable(&one, left_span.clone(), (comparison, symbol_span))?;
                if one.kind != other.kind {
                    let message = format!(
                        "`{one}` is {} and `{other}` is {}: they can't be compared",
                        one.kind.name(),
                        other.kind.name()
                    );
                    return Err(self.error(left_span.start..right_span.end, message, ""));
                }
                (Operand::Column(one), Operand::Column(other))
            }
            (Operand::Literal(_), Operand::Literal(_)) => {
                let span = left_span.start..right_span.end;
                return Err(self.error(span, "two values are compared", "name a column on one side"));
            }
        };
        Ok(Expression::Compare(left, comparison, right))
    }

    fn in_list(&mut self, column: FilterColumn, in_span: Range<usize>) -> Result<Expression, FilterError> {
        self.check_comparable(&column, in_span.clone(), (Comparator::Equal, in_span))?;
        let span = self.span();
        if !self.skip_if(&TokenKind::Open) {
            return Err(self.unexpected(span, "a list such as ('a', 'b')"));
        }
        let mut values = Vec::new();
        loop {
            let typed = self.literal(Some(&column), "a value")?;
            values.push(self.fitting(&column, typed, true)?);
            let span = self.span();
            if self.skip_if(&TokenKind::Close) {
                return Ok(Expression::In(column, values));
            }
            if !self.skip_if(&TokenKind::Comma) {
                return Err(self.unexpected(span, "`,` or `)`"));
            }
        }
    }

    fn like(&mut self, column: FilterColumn, (ignores_case, word): Typed<bool>) -> Result<Expression, FilterError> {
        let is_text = match &column.kind {
            ValueKind::Text => true,
            ValueKind::List(items) => **items == ValueKind::Text,
            _ => false,
        };
        if !is_text {
            let message = format!("`{column}` is {}: only text has a pattern", column.kind.name());
            return Err(self.error(word, message, allowed_for(&column.kind)));
        }
        let (literal, span) = self.literal(Some(&column), "a pattern in quotes, such as 'a%'")?;
        let Literal::Text(text) = literal else {
            return Err(self.error(span, "a pattern is text", "write it in quotes: 'a%'"));
        };
        let pattern = Pattern::new(&text, ignores_case);
        let pattern = pattern
            .ok_or_else(|| self.error(span, r"the pattern ends with `\`", r"write \\ for the character itself"))?;
        Ok(Expression::Like(column, pattern))
    }

    fn contains(&mut self, column: FilterColumn, word: Range<usize>) -> Result<Expression, FilterError> {
        let kind = match &column.kind {
            ValueKind::Text => ValueKind::Text,
            ValueKind::List(items) if !matches!(**items, ValueKind::List(_) | ValueKind::Object) => (**items).clone(),
            other => {
                let message = format!("`{column}` is {}: only text and lists contain something", other.name());
                return Err(self.error(word, message, allowed_for(other)));
            }
        };
        let typed = self.literal(Some(&column), "a value")?;
        let is_label = matches!(column.kind, ValueKind::List(_));
        let item = column.with_kind(kind);
        let part = self.fitting(&item, typed, is_label)?;
        Ok(Expression::Contains(column, part))
    }

    /// A column or a value. `compared`: what it is compared with.
    fn operand(&mut self, compared: Option<&FilterColumn>) -> Result<Typed<Operand>, FilterError> {
        let Some(TokenKind::Name(_)) = self.peek() else {
            let expected = if compared.is_some() { "a column or a value" } else { "a column" };
            let (literal, span) = self.literal(compared, expected)?;
            return Ok((Operand::Literal(literal), span));
        };
        let (names, span) = self.names()?;
        match self.columns.find(&names) {
            Ok(column) => Ok((Operand::Column(column.clone()), span)),
            Err(_) if compared.is_some_and(|column| column.words.contains(&names[0])) => {
                let message = format!("there is no column `{}`", names[0]);
                Err(self.error(span, message, format!("write text in quotes: '{}'", names[0])))
            }
            Err((message, allowed)) => Err(self.error(span, message, allowed)),
        }
    }

    /// The name of a column, and of members after dots.
    fn names(&mut self) -> Result<Typed<Vec<String>>, FilterError> {
        let mut names = Vec::new();
        let begin = self.span().start;
        loop {
            let span = self.span();
            let Some(TokenKind::Name(name)) = self.peek() else {
                return Err(self.unexpected(span, "the name of a member"));
            };
            names.push(name.clone());
            self.at += 1;
            if !self.skip_if(&TokenKind::Dot) {
                return Ok((names, begin..span.end));
            }
        }
    }

    /// A value. `expected`: the allowed values.
    fn literal(&mut self, compared: Option<&FilterColumn>, expected: &str) -> Result<Typed<Literal>, FilterError> {
        let span = self.span();
        let literal = match self.peek() {
            Some(TokenKind::Text(text)) => Literal::Text(text.clone()),
            Some(TokenKind::Whole(number)) => Literal::Whole(*number),
            Some(TokenKind::Decimal(number)) => Literal::Decimal(*number),
            Some(TokenKind::Keyword(Keyword::True)) => Literal::Boolean(true),
            Some(TokenKind::Keyword(Keyword::False)) => Literal::Boolean(false),
            Some(TokenKind::Keyword(Keyword::Null)) => {
                let name = compared.map_or_else(|| "column".to_owned(), ToString::to_string);
                return Err(self.error(
                    span,
                    "nothing is equal to null",
                    format!("write `{name} is null` or `{name} is not null`"),
                ));
            }
            Some(TokenKind::Name(name)) => {
                let allowed = format!("{expected}; write text in quotes: '{name}'");
                return Err(self.unexpected(span, &allowed));
            }
            _ => return Err(self.unexpected(span, expected)),
        };
        self.at += 1;
        Ok((literal, span))
    }

    /// Checks that the values of a column can be compared in this way.
    fn check_comparable(
        &self,
        column: &FilterColumn,
        span: Range<usize>,
        (comparison, symbol): Typed<Comparator>,
    ) -> Result<(), FilterError> {
        let allowed = allowed_for(&column.kind);
        match &column.kind {
            ValueKind::List(_) | ValueKind::Object => {
                Err(self.error(span, format!("`{column}` is {}: it can't be compared", column.kind.name()), allowed))
            }
            ValueKind::Boolean if comparison.is_order() => {
                Err(self.error(symbol, format!("`{column}` is {}: it has no order", column.kind.name()), allowed))
            }
            _ => Ok(()),
        }
    }

    /// Checks that a text is not compared with a number by its order.
    fn check_order(
        &self,
        column: &FilterColumn,
        comparison: Comparator,
        (literal, span): (&Literal, &Range<usize>),
    ) -> Result<(), FilterError> {
        match column.order_fault(literal) {
            Some((message, allowed)) if comparison.is_order() => Err(self.error(span.clone(), message, allowed)),
            _ => Ok(()),
        }
    }

    /// A value with the type of a column. `is_word`: it must be one that the column can have.
    fn fitting(
        &self,
        column: &FilterColumn,
        (literal, span): Typed<Literal>,
        is_word: bool,
    ) -> Result<Literal, FilterError> {
        let wrong = |typed: &str, allowed: String| {
            let message = format!("`{column}` is {} and can't be compared with {typed}", column.kind.name());
            Err(self.error(span.clone(), message, allowed))
        };
        match (&column.kind, literal) {
            (ValueKind::Text, Literal::Text(text)) => {
                if is_word && !column.words.is_empty() && !column.words.iter().any(|word| nfc(word) == nfc(&text)) {
                    return Err(self.error(
                        span,
                        format!("`{column}` is never `{text}`"),
                        suggested_word(&text, &column.words),
                    ));
                }
                Ok(Literal::Text(text))
            }
            (ValueKind::Number, literal @ (Literal::Whole(_) | Literal::Decimal(_)))
            | (ValueKind::Boolean, literal @ Literal::Boolean(_)) => Ok(literal),
            (ValueKind::Date, Literal::Text(text)) if is_date(&text) => Ok(Literal::Text(text)),
            (ValueKind::Date, Literal::Text(text)) => {
                let message = format!("`{text}` is not a valid date");
                Err(self.error(span, message, "in the form '2026-11-23'"))
            }
            (ValueKind::Time, Literal::Text(text)) => parse_time(&text).map(Literal::Time).map_err(|_| {
                let message = format!("`{text}` is not a valid time");
                self.error(span, message, "in the form '2026-11-23' or '2026-11-23T13:00:00Z'")
            }),
            (ValueKind::Text, _) => {
                let typed = self.text.get(span.clone()).unwrap_or_default();
                wrong("this value", format!("write text in quotes: '{typed}'"))
            }
            (ValueKind::Number, Literal::Text(text)) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                wrong("text", format!("write the number without quotes: {text}"))
            }
            (_, Literal::Text(_)) => wrong("text", allowed_for(&column.kind)),
            (_, Literal::Boolean(_)) => wrong("true or false", allowed_for(&column.kind)),
            (_, _) => wrong("a number", allowed_for(&column.kind)),
        }
    }

    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn skip_if(&mut self, kind: &TokenKind) -> bool {
        let is_next = self.peek() == Some(kind);
        self.at += usize::from(is_next);
        is_next
    }

    fn take_keyword(&mut self, keyword: Keyword) -> bool {
        self.skip_if(&TokenKind::Keyword(keyword))
    }

    /// The place of the next word, or the end.
    fn span(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        self.tokens.get(self.at).map_or(end..end, |token| token.span.clone())
    }

    fn unexpected(&self, span: Range<usize>, expected: &str) -> FilterError {
        let message = match self.text.get(span.clone()).filter(|word| !word.is_empty()) {
            Some(word) => format!("unexpected `{word}`"),
            None => "the expression ends too early".to_owned(),
        };
        self.error(span, message, format!("expected {expected}"))
    }

    fn error(&self, span: Range<usize>, message: impl Into<String>, allowed: impl Into<String>) -> FilterError {
        FilterError::new(self.text, span, message, allowed)
    }
}

fn negated(expression: Expression, is_not: bool) -> Expression {
    if is_not { Expression::Not(Box::new(expression)) } else { expression }
}

/// What can be written of a column of this type.
fn allowed_for(kind: &ValueKind) -> String {
    let allowed = match kind {
        ValueKind::Text => "compare it with text in quotes",
        ValueKind::Number => "compare it with a number, such as 12 or 0.5",
        ValueKind::Boolean => "compare it with true or false, by = or !=",
        ValueKind::Date => "compare it with a date, such as '2026-11-23'",
        ValueKind::Time => "compare it with a time, such as '2026-11-23' or '2026-11-23T13:00:00Z'",
        ValueKind::List(_) => "use `contains 'a'`, `like 'a%'`, `is null` or `is not null`",
        ValueKind::Object => "name a member after a dot, or use `is null` or `is not null`",
    };
    allowed.to_owned()
}

/// The word that was probably meant, or the words that there are.
fn suggested_word(typed: &str, words: &[String]) -> String {
    let same = words.iter().find(|word| word.to_lowercase() == typed.to_lowercase()).map(String::as_str);
    if let Some(nearest) = same.or_else(|| nearest_name(typed, words.iter().map(String::as_str))) {
        return format!("did you mean '{nearest}'?");
    }
    let listed: Vec<&str> = words.iter().take(MAX_LISTED).map(String::as_str).collect();
    let more = if words.len() > MAX_LISTED { ", …" } else { "" };
    format!("one of: {}{more}", listed.join(", "))
}
