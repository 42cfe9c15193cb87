//! Marks that separate reasoning from the answer in the text of a reply.
//!
//! Models write them themselves, so servers without a parser for reasoning pass them on. Sources:
//! chat templates of DeepSeek, Qwen, Mistral, Cohere, Kimi, Gemma and gpt-oss (harmony), 2026-11.

/// Names of tags around reasoning, in lower case.
const TAGS: &[&str] = &[
    "think",
    "thinking",
    "thought",
    "thoughts",
    "thought_process",
    "thinking_process",
    "reasoning",
    "reflection",
    "analysis",
    "scratchpad",
    "chain_of_thought",
    "inner_monologue",
    "reasoning_content",
    "rationale",
    "antthinking",
    "longcat_think",
];
/// The same in square brackets, which ordinary text has more often.
const BRACKETS: &[&str] = &["think", "thinking"];
/// Names between `<|` and `|>` that begin reasoning.
const BEGIN_TOKENS: &[&str] =
    &["think", "thinking", "thought", "begin_of_thought", "begin_of_thinking", "start_thinking", "begin_think"];
/// Names between `<|` and `|>` that end it.
const END_TOKENS: &[&str] =
    &["/think", "/thinking", "/thought", "end_of_thought", "end_of_thinking", "end_thinking", "end_think"];
/// Maximum length of a mark in bytes, attributes included.
const MAX_MARK_BYTES: usize = 80;
/// The end of reasoning where a server removed the special tokens of harmony.
const BARE_FINAL: &str = "assistantfinal";
/// The beginning of reasoning where a server removed them.
const BARE_ANALYSIS: &str = "analysis";

/// A mark in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThoughtMark {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after it.
    pub(crate) end: usize,
    /// Whether reasoning begins here, rather than ends.
    pub(crate) opens: bool,
}

/// All marks of a text, in their order, without those of reasoning inside of other reasoning.
pub(crate) fn thought_marks(text: &str) -> Vec<ThoughtMark> {
    let mut open: Vec<&str> = Vec::new();
    let mut is_outermost = |(mark, name): &(ThoughtMark, &'static str)| {
        let depth = open.iter().position(|opened| opened == name);
        match (mark.opens, depth) {
            (true, None) => open.push(name),
            // The beginning is marked twice.
            (true, Some(depth)) => open.truncate(depth + 1),
            (false, Some(depth)) => open.truncate(depth),
            // The end has another name.
            (false, None) => open.clear(),
        }
        open.len() <= usize::from(mark.opens)
    };
    all_marks(text).into_iter().filter(|mark| is_outermost(mark)).map(|(mark, _)| mark).collect()
}

/// All marks of a text and the names of their tags, in their order. Marks that are not tags have no name.
fn all_marks(text: &str) -> Vec<(ThoughtMark, &'static str)> {
    let mut marks = Vec::new();
    let beginning = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
    let mut at = 0;
    while let Some(next) = text[at..].find(['<', '&', '[', '◁', 'a']) {
        let start = at + next;
        let rest = &text[start..];
        let found = match rest.as_bytes()[0] {
            b'a' => bare_mark(rest, start == beginning).map(|(length, opens)| (length, opens, "")),
            _ => mark(rest),
        };
        at = match found {
            Some((length, opens, name)) => {
                marks.push((ThoughtMark { start, end: start + length, opens }, name));
                start + length
            }
            None => start + rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    marks
}

/// The text outside of reasoning, as far as it may be an answer.
pub(crate) fn visible_text(text: &str) -> String {
    let (mut out, mut at, mut in_thought) = (String::new(), 0, false);
    for mark in thought_marks(text) {
        match (mark.opens, in_thought) {
            (true, false) => out.push_str(&text[at..mark.start]),
            // Only the end is marked: all text before it is reasoning.
            (false, false) => out.clear(),
            _ => {}
        }
        in_thought = mark.opens;
        at = mark.end;
    }
    if !in_thought {
        out.push_str(&text[at..]);
    }
    out
}

/// The mark that `rest` begins with: its length, whether it opens, and the name of its tag.
fn mark(rest: &str) -> Option<(usize, bool, &'static str)> {
    let head = rest[..rest.floor_char_boundary(MAX_MARK_BYTES)].to_ascii_lowercase();
    if let Some(inner) = head.strip_prefix("<|") {
        return special_token(inner).map(|(length, opens)| (2 + length, opens, ""));
    }
    if head.starts_with("<channel|>") || head.starts_with("<unused95>") {
        return Some((10, false, ""));
    }
    if head.starts_with("<unused94>") {
        return Some((10, true, ""));
    }
    // Some gateways escape replies for HTML.
    let forms = [("<", ">", TAGS), ("&lt;", "&gt;", TAGS), ("[", "]", BRACKETS), ("◁", "▷", TAGS)];
    let form = |(open, close, names)| Some((head.strip_prefix(open)?, close, names));
    let (inner, close, names): (&str, &str, &[&'static str]) = forms.into_iter().find_map(form)?;
    let end = inner.find(close)?;
    let (tag, length) = (inner[..end].trim(), head.len() - inner.len() + end + close.len());
    let (tag, opens) = match tag.strip_prefix('/') {
        Some(tag) => (tag.trim_start(), false),
        None => (tag, true),
    };
    // `<think budget="9">`, `<seed:think>`; `<think/>` holds nothing.
    let name = tag.split(char::is_whitespace).next()?;
    let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
    let name = names.iter().find(|known| **known == name)?;
    Some((length, opens, name))
}

/// A special token without its `<|`: its length and whether reasoning begins with it.
fn special_token(inner: &str) -> Option<(usize, bool)> {
    // Gemma writes `<|channel>`, harmony `<|channel|>`.
    let name = inner.strip_prefix("channel|>").or_else(|| inner.strip_prefix("channel>"));
    if let Some(name) = name {
        let length = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
        return Some((inner.len() - name.len() + length, &name[..length] != "final"));
    }
    let (name, _) = inner.split_once("|>")?;
    let opens = BEGIN_TOKENS.contains(&name);
    (opens || END_TOKENS.contains(&name)).then_some((name.len() + 2, opens))
}

/// Harmony's marks without special tokens: `analysisThe page …assistantfinal{…}`.
fn bare_mark(rest: &str, is_beginning: bool) -> Option<(usize, bool)> {
    if rest.starts_with(BARE_FINAL) {
        return Some((BARE_FINAL.len(), false));
    }
    let after = rest.strip_prefix(BARE_ANALYSIS).filter(|_| is_beginning)?;
    after.starts_with(|c: char| c.is_ascii_uppercase()).then_some((BARE_ANALYSIS.len(), true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_outside_of_reasoning() {
        for (text, visible) in [
            ("{}", "{}"),
            ("", ""),
            ("<think>a</think>b", "b"),
            ("a<think>b</think>c", "ac"),
            ("<THINK>a</Think> b", " b"),
            ("< think >a</ think >b", "b"),
            ("<think budget=\"9\">a</think>b", "b"),
            ("<seed:think>a</seed:think>b", "b"),
            ("<thinking>a</thinking>b", "b"),
            ("<reasoning>a</reasoning>b", "b"),
            ("<thought>a</thought>b", "b"),
            ("[THINK]a[/THINK]b", "b"),
            ("[think]a[/think]b", "b"),
            ("◁think▷a◁/think▷b", "b"),
            ("<|START_THINKING|>a<|END_THINKING|>b", "b"),
            ("<|begin_of_thought|>a<|end_of_thought|>b", "b"),
            ("<unused94>thought\na<unused95>b", "b"),
            ("<|channel>thought\na<channel|>b", "b"),
            ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", "<|message|>b"),
            ("<|channel|>commentary<|message|>a", ""),
            ("analysisThe page is a.assistantfinalb", "b"),
            ("The page is a.assistantfinalb", "b"),
            ("analysis of the page", "analysis of the page"),
            // Only the end is marked, or only the beginning.
            ("a</think>b", "b"),
            ("a</think>b</think>c", "c"),
            ("<think>a", ""),
            ("a<think>b", "a"),
            ("<think>a<think>b</think>c", "c"),
            ("<think>a</think>b<think>c", "b"),
            // One tag inside of another, and an end of another name.
            ("<thinking>a<think>b</think>c</thinking>d", "d"),
            ("<thinking>a<think>b</think>c", ""),
            ("<think>a<think>b<thought>c</thought>d</think>e", "e"),
            ("<think>a <reasoning> b</think>c", "c"),
            ("<think>a<thought>b</think>c</thought>d", "d"),
            ("<think>a</thinking>b", "b"),
            ("<inner_monologue>a</inner_monologue>b<chain_of_thought>c", "b"),
            ("&lt;think&gt;a&lt;/think&gt;b", "b"),
            ("&lt;Thinking&gt;a", ""),
            ("a &lt; b &amp; c &gt; d", "a &lt; b &amp; c &gt; d"),
            ("<longcat_think>a</longcat_think>b<antThinking>c", "b"),
            ("The <reason> is clear: b", "The <reason> is clear: b"),
            // Other tags and brackets.
            ("<thinker>a</thinker>", "<thinker>a</thinker>"),
            ("[reasoning] a", "[reasoning] a"),
            ("a < b, [1] <", "a < b, [1] <"),
            ("<|im_end|>a<|message|>", "<|im_end|>a<|message|>"),
            ("<think", "<think"),
        ] {
            assert_eq!(visible_text(text), visible, "{text}");
        }
    }

    proptest! {
        #[test]
        fn marks_are_in_order_and_on_characters(text in r"(<think>|</think>|\[/?THINK\]|◁/?think▷|<\||\|>|channel|final|[a-z<>/é\[\]]){0,40}") {
            let marks = thought_marks(&text);
            prop_assert!(marks.iter().all(|mark| mark.start < mark.end && text.get(mark.start..mark.end).is_some()));
            prop_assert!(marks.windows(2).all(|pair| pair[0].end <= pair[1].start));
            prop_assert!(visible_text(&text).len() <= text.len());
        }
    }
}
