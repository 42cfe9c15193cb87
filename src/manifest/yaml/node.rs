//! YAML -> a tree of nodes with positions. Scalars keep their text: whether `no` is a
//! boolean is decided later, where the expected type is known.

use super::hints::hint;
use crate::manifest::faults::Fault;
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Maximum number of nodes in a manifest, counting the nodes behind aliases. Protects
/// against documents whose aliases expand exponentially.
const MAX_NODES: usize = 200_000;

/// A value and its byte range in the source.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: NodeKind,
}

/// The content of a [`Node`].
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// `is_plain` means unquoted: only a plain scalar can be a number, a boolean or null.
    Scalar {
        text: String,
        is_plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping and its byte range in the source.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) span: Range<usize>,
    pub(crate) name: String,
}

impl Node {
    /// Whether this is YAML's null: an unquoted `~` or `null`, or nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, is_plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The node in an error message: a short scalar as written, otherwise its type.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Scalar { text, .. } if text.chars().count() <= 40 => format!("`{text}`"),
            NodeKind::Scalar { .. } => "a string".into(),
            NodeKind::Sequence(_) => "a list".into(),
            NodeKind::Mapping(_) => "a mapping".into(),
        }
    }

    /// The number of nodes in the tree below this node, including itself.
    fn count(&self) -> usize {
        1 + match &self.kind {
            NodeKind::Scalar { .. } => 0,
            NodeKind::Sequence(items) => items.iter().map(Self::count).sum(),
            NodeKind::Mapping(entries) => entries.iter().map(|(_, value)| value.count()).sum(),
        }
    }
}

/// Parses a source of exactly one YAML document.
///
/// # Errors
/// For invalid YAML, its first fault only. Otherwise all keys that are duplicates or not
/// scalars.
pub(crate) fn parse_yaml(source: &str) -> Result<Node, Vec<Fault>> {
    let mut builder = Builder { source, anchors: HashMap::new(), faults: Vec::new(), nodes: 0 };
    let mut parser = Parser::new_from_str(source);
    let mut root = None;
    loop {
        match builder.next_event(&mut parser) {
            Ok(None) => break,
            Ok(Some((Event::DocumentStart(..), span))) if root.is_some() => {
                return Err(vec![fault(
                    builder.byte_range(&span),
                    "more than one YAML document",
                    "one document per manifest",
                )]);
            }
            Ok(Some((event, span))) if event.is_node() => root = Some(builder.build(event, &span, &mut parser)?),
            Ok(Some(_)) => {}
            Err(bad) => return Err(vec![bad]),
        }
    }
    match root {
        _ if !builder.faults.is_empty() => Err(builder.faults),
        Some(root) => Ok(root),
        None => Err(vec![fault(0..0, "the manifest is empty", "run `docmill init` for a manifest to start from")]),
    }
}

fn fault(span: Range<usize>, message: impl Into<String>, allowed: &str) -> Fault {
    Fault::new(span, message, Some(allowed.to_owned()))
}

/// Builds the tree from the parser's events.
struct Builder<'s> {
    source: &'s str,
    /// Nodes with an anchor, by the parser's number of the anchor.
    anchors: HashMap<usize, Node>,
    faults: Vec<Fault>,
    /// Nodes so far, including those behind aliases.
    nodes: usize,
}

type Events<'s> = Parser<'s, granit_parser::StrInput<'s>>;

impl<'s> Builder<'s> {
    fn next_event(&self, parser: &mut Events<'s>) -> Result<Option<(Event<'s>, Span)>, Fault> {
        match parser.next_event() {
            None => Ok(None),
            Some(Ok(next)) => Ok(Some(next)),
            Some(Err(error)) => {
                let offset = error.marker().byte_offset().unwrap_or(0).min(self.source.len());
                let message = error.info().to_string();
                Err(match self.tab_in_indentation(offset).filter(|_| message.contains("tab")) {
                    Some(tab) => fault(tab..tab + 1, "not valid YAML: a tab in the indentation", "spaces"),
                    None => {
                        let allowed = hint(self.source, offset, &message).map(str::to_owned);
                        Fault::new(offset..offset, format!("not valid YAML: {message}"), allowed)
                    }
                })
            }
        }
    }

    /// The first tab in the indentation of a line, from the line of `offset` on.
    fn tab_in_indentation(&self, offset: usize) -> Option<usize> {
        let start = self.source[..offset].rfind('\n').map_or(0, |end| end + 1);
        let lines = self.source[start..].split_inclusive('\n').scan(start, |at, line| {
            let this = *at;
            *at += line.len();
            Some((this, line))
        });
        let tab = |(at, line): (usize, &str)| {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            line[..indentation].find('\t').map(|tab| at + tab)
        };
        lines.into_iter().find_map(tab)
    }

    /// The bytes of a span, without white space at its end.
    fn byte_range(&self, span: &Span) -> Range<usize> {
        let start = span.start.byte_offset().unwrap_or(0).min(self.source.len());
        let end = span.end.byte_offset().unwrap_or(start).clamp(start, self.source.len());
        start..start + self.source[start..end].trim_end().len()
    }

    fn build(&mut self, event: Event<'s>, span: &Span, parser: &mut Events<'s>) -> Result<Node, Vec<Fault>> {
        self.nodes += 1;
        let mut range = self.byte_range(span);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values, including those behind aliases");
            return Err(vec![fault(range, message, "use `labels_file` for a long list of labels")]);
        }
        let anchor = event.anchor_id().unwrap_or(0);
        let kind = match event {
            Event::Alias(id) => {
                let Some(target) = self.anchors.get(&id).cloned() else {
                    return Err(vec![unknown_alias(range)]);
                };
                self.nodes += target.count();
                return Ok(Node { span: range, kind: target.kind });
            }
            Event::Scalar(text, style, ..) => {
                NodeKind::Scalar { text: text.into_owned(), is_plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.next_child(parser)? {
                    items.push(self.build(event, &span, parser)?);
                }
                NodeKind::Sequence(items)
            }
            Event::MappingStart(..) => {
                let entries = self.build_mapping(parser)?;
                if let Some((key, _)) = entries.first() {
                    range = key.span.clone();
                }
                NodeKind::Mapping(entries)
            }
            _ => return Err(vec![unknown_alias(range)]),
        };
        let node = Node { span: range, kind };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// The event of the next item of a collection; `None` at the end of the collection.
    fn next_child(&mut self, parser: &mut Events<'s>) -> Result<Option<(Event<'s>, Span)>, Vec<Fault>> {
        loop {
            match self.next_event(parser).map_err(|bad| vec![bad])? {
                Some((event, span)) if event.is_node() => return Ok(Some((event, span))),
                None | Some((Event::SequenceEnd | Event::MappingEnd, _)) => return Ok(None),
                Some(_) => {}
            }
        }
    }

    fn build_mapping(&mut self, parser: &mut Events<'s>) -> Result<Vec<(Key, Node)>, Vec<Fault>> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut names = HashSet::new();
        while let Some((event, span)) = self.next_child(parser)? {
            let key = self.build(event, &span, parser)?;
            let Some((event, span)) = self.next_child(parser)? else {
                break;
            };
            let value = self.build(event, &span, parser)?;
            let NodeKind::Scalar { text: name, .. } = key.kind else {
                self.faults.push(fault(key.span, "the key is not a scalar", "a plain name"));
                continue;
            };
            // YAML takes only spaces for indentation: what looks like one is a part of the key.
            if let Some(space) = self.source[key.span.clone()].chars().next().filter(|first| first.is_whitespace()) {
                let message =
                    format!("the key begins with the white space {}, which is not a space", code_point(space));
                self.faults.push(fault(key.span.start..key.span.start + space.len_utf8(), message, "spaces"));
                continue;
            }
            if !names.insert(name.clone()) {
                self.faults.push(fault(key.span, format!("duplicate key `{name}`"), "each key once"));
                continue;
            }
            entries.push((Key { span: key.span, name }, value));
        }
        Ok(entries)
    }
}

/// A character by its number and, if it is known, its name.
fn code_point(space: char) -> String {
    match space {
        '\u{a0}' => "U+00A0 (a no-break space)".to_owned(),
        space => format!("U+{:04X}", u32::from(space)),
    }
}

fn unknown_alias(range: Range<usize>) -> Fault {
    fault(range, "unknown alias", "define the anchor (`&name`) before its alias (`*name`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree on one line: plain scalars unquoted, quoted ones in quotes.
    fn shown(node: &Node) -> String {
        match &node.kind {
            NodeKind::Scalar { text, is_plain: true } => text.clone(),
            NodeKind::Scalar { text, .. } => format!("{text:?}"),
            NodeKind::Sequence(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
            NodeKind::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", key.name, shown(value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn what_looks_like_a_space_in_the_indentation_is_named() {
        let faults = parse_yaml("a:\n  b: 1\n\u{a0}\u{a0}c: 2\n").unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| (fault.span.clone(), fault.message.as_str())).collect();
        assert_eq!(
            found,
            [(10..12, "the key begins with the white space U+00A0 (a no-break space), which is not a space")]
        );
        let quoted = parse_yaml("\"\u{a0}a\": 1\n").unwrap();
        assert!(matches!(quoted.kind, NodeKind::Mapping(entries) if entries[0].0.name == "\u{a0}a"));
    }

    #[test]
    fn scalars_keep_their_text() {
        for (source, expected) in [
            ("a: 1.10", "{a: 1.10}"),
            ("a: no", "{a: no}"),
            ("a: \"no\"", "{a: \"no\"}"),
            ("a: 'x: y'", "{a: \"x: y\"}"),
            ("a: ~", "{a: ~}"),
            ("- 1\n- [2, {b: 3}]", "[1, [2, {b: 3}]]"),
            ("a: |\n  one\n  two\n", "{a: \"one\\ntwo\\n\"}"),
            ("a: &x [1, 2]\nb: *x", "{a: [1, 2], b: [1, 2]}"),
            ("1: one\nnull: two", "{1: one, null: two}"),
            ("# only a comment\nx", "x"),
        ] {
            assert_eq!(parse_yaml(source).map(|root| shown(&root)), Ok(expected.to_owned()), "{source}");
        }
    }

    #[test]
    fn nodes_know_their_bytes() {
        let source = "ä: [x, yy]\nb:\n  c: d\n";
        let root = parse_yaml(source).unwrap();
        let NodeKind::Mapping(entries) = &root.kind else { panic!() };
        let text = |span: &Range<usize>| &source[span.clone()];
        assert_eq!((text(&entries[0].0.span), text(&entries[1].0.span)), ("ä", "b"));
        let NodeKind::Sequence(items) = &entries[0].1.kind else { panic!() };
        assert_eq!((text(&items[0].span), text(&items[1].span)), ("x", "yy"));
        assert_eq!(text(&entries[1].1.span), "c", "a mapping stands at its first key");
    }

    #[test]
    fn faults_of_yaml() {
        for (source, expected) in [
            ("", "the manifest is empty"),
            ("# nothing", "the manifest is empty"),
            ("a: 1\n---\nb: 2", "more than one YAML document"),
            ("a: 1\na: 2", "duplicate key `a`"),
            ("[1, 2]: x", "the key is not a scalar"),
            ("a: *none", "not valid YAML"),
            ("a: [1", "not valid YAML"),
            ("a: 1\n b: 2", "not valid YAML: "),
            ("a:\n\tb: 2", "not valid YAML: a tab in the indentation"),
            ("a:\n  b: 1\n\tc: 2", "not valid YAML: a tab in the indentation"),
            ("a:\n  - x\n \t- y", "not valid YAML: a tab in the indentation"),
        ] {
            let faults = parse_yaml(source).unwrap_err();
            assert!(faults[0].message.starts_with(expected), "{source:?}: {faults:?}");
        }
        assert_eq!(parse_yaml("a: 1\na: 2\nb: 1\nb: 2").unwrap_err().len(), 2, "all duplicates at once");
    }

    #[test]
    fn aliases_do_not_multiply_without_bound() {
        let mut source = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let below = format!("*a{}", level - 1);
            let items = [below.as_str(); 10].join(", ");
            source.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        let faults = parse_yaml(&source).unwrap_err();
        assert!(faults[0].message.starts_with("more than 200000 values"), "{faults:?}");
    }

    #[test]
    fn only_unquoted_nulls_are_null() {
        for (source, is_null) in [("~", true), ("null", true), ("NULL", true), ("'null'", false), ("nil", false)] {
            assert_eq!(parse_yaml(source).unwrap().is_null(), is_null, "{source}");
        }
    }

    #[test]
    fn a_node_is_described_by_its_text_or_its_type() {
        let long = "x".repeat(41);
        for (source, expected) in
            [("abc", "`abc`"), (long.as_str(), "a string"), ("[1]", "a list"), ("{a: 1}", "a mapping")]
        {
            assert_eq!(parse_yaml(source).unwrap().describe(), expected);
        }
    }
}
