//! YAML -> a tree of nodes that know their places. Scalars stay as they were typed:
//! what `no` means is decided where its type is known.

use crate::manifest::faults::Fault;
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Most nodes that a manifest may have, aliases expanded: a guard against alias bombs.
const MOST_NODES: usize = 200_000;

/// A value and the bytes where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `plain` when unquoted, so that it may be a number, a boolean or null.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) span: Range<usize>,
    pub(crate) name: String,
}

impl Node {
    /// Whether this is YAML's null: nothing, `~` or `null`, unquoted.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { text, .. } if text.chars().count() <= 40 => format!("`{text}`"),
            Kind::Scalar { .. } => "a text".into(),
            Kind::Sequence(_) => "a list".into(),
            Kind::Mapping(_) => "a mapping".into(),
        }
    }
}

/// Parses one YAML document. Faults: bad YAML (the first place only), keys given
/// twice, keys that are no scalars.
pub(crate) fn parse(source: &str) -> Result<Node, Vec<Fault>> {
    let mut builder = Builder { source, anchors: HashMap::new(), faults: Vec::new(), nodes: 0 };
    let mut parser = Parser::new_from_str(source);
    let mut root = None;
    loop {
        match builder.next(&mut parser) {
            Ok(None) => break,
            Ok(Some((Event::DocumentStart(..), span))) if root.is_some() => {
                return Err(vec![fault(builder.range(&span), "a second document", "one manifest a file")]);
            }
            Ok(Some((event, span))) if event.is_node() => root = Some(builder.node(event, &span, &mut parser)?),
            Ok(Some(_)) => {}
            Err(bad) => return Err(vec![bad]),
        }
    }
    match root {
        _ if !builder.faults.is_empty() => Err(builder.faults),
        Some(root) => Ok(root),
        None => Err(vec![fault(0..0, "the manifest is empty", "try `docmill init`")]),
    }
}

fn fault(span: Range<usize>, message: impl Into<String>, allowed: &str) -> Fault {
    Fault::new(span, message, Some(allowed.to_owned()))
}

struct Builder<'s> {
    source: &'s str,
    anchors: HashMap<usize, Node>,
    faults: Vec<Fault>,
    nodes: usize,
}

type Events<'s> = Parser<'s, granit_parser::StrInput<'s>>;

impl<'s> Builder<'s> {
    fn next(&self, parser: &mut Events<'s>) -> Result<Option<(Event<'s>, Span)>, Fault> {
        match parser.next_event() {
            None => Ok(None),
            Some(Ok(next)) => Ok(Some(next)),
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(0).min(self.source.len());
                Err(Fault::new(at..at, format!("not valid YAML: {}", error.info()), None))
            }
        }
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let start = span.start.byte_offset().unwrap_or(0).min(self.source.len());
        let end = span.end.byte_offset().unwrap_or(start).clamp(start, self.source.len());
        start..start + self.source[start..end].trim_end().len()
    }

    fn node(&mut self, event: Event<'s>, span: &Span, parser: &mut Events<'s>) -> Result<Node, Vec<Fault>> {
        self.nodes += 1;
        let mut range = self.range(span);
        if self.nodes > MOST_NODES {
            return Err(vec![fault(range, "the manifest has too many values", "labels_file for many labels")]);
        }
        let anchor = event.anchor_id().unwrap_or(0);
        let kind = match event {
            Event::Alias(id) => {
                let Some(target) = self.anchors.get(&id).cloned() else {
                    return Err(vec![fault(range, "an alias of nothing", "an anchor before it")]);
                };
                self.nodes += count(&target);
                return Ok(Node { span: range, kind: target.kind });
            }
            Event::Scalar(text, style, ..) => {
                Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.child(parser)? {
                    items.push(self.node(event, &span, parser)?);
                }
                Kind::Sequence(items)
            }
            Event::MappingStart(..) => {
                let entries = self.mapping(parser)?;
                if let Some((key, _)) = entries.first() {
                    range = key.span.clone();
                }
                Kind::Mapping(entries)
            }
            _ => {
                return Err(vec![fault(range, "an alias of nothing", "an anchor before it")]);
            }
        };
        let node = Node { span: range, kind };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// The next event of a collection; `None` at its end.
    fn child(&mut self, parser: &mut Events<'s>) -> Result<Option<(Event<'s>, Span)>, Vec<Fault>> {
        loop {
            match self.next(parser).map_err(|bad| vec![bad])? {
                Some((event, span)) if event.is_node() => return Ok(Some((event, span))),
                None | Some((Event::SequenceEnd | Event::MappingEnd, _)) => return Ok(None),
                Some(_) => {}
            }
        }
    }

    fn mapping(&mut self, parser: &mut Events<'s>) -> Result<Vec<(Key, Node)>, Vec<Fault>> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut names = HashSet::new();
        while let Some((event, span)) = self.child(parser)? {
            let key = self.node(event, &span, parser)?;
            let Some((event, span)) = self.child(parser)? else {
                break;
            };
            let value = self.node(event, &span, parser)?;
            let Kind::Scalar { text: name, .. } = key.kind else {
                self.faults.push(fault(key.span, "a key that is no text", "a plain name"));
                continue;
            };
            if !names.insert(name.clone()) {
                self.faults.push(fault(key.span, format!("`{name}` is given twice"), "once"));
                continue;
            }
            entries.push((Key { span: key.span, name }, value));
        }
        Ok(entries)
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => items.iter().map(count).sum(),
        Kind::Mapping(entries) => entries.iter().map(|(_, value)| count(value)).sum(),
    }
}
