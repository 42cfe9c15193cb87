//! `${NAME}` and `${NAME:-default}` in scalars; `$${` is a literal `${`.

use super::node::{Kind, Node};
use crate::manifest::faults::Fault;

/// Replaces variables in every scalar below `node`. A replaced scalar is typed as if
/// it had been written plainly.
pub(crate) fn apply(node: &mut Node, lookup: &dyn Fn(&str) -> Option<String>, faults: &mut Vec<Fault>) {
    match &mut node.kind {
        Kind::Scalar { text, plain } if text.contains("${") => match expand(text, lookup) {
            Ok((expanded, replaced)) => {
                *text = expanded;
                *plain |= replaced;
            }
            Err(problems) => faults.extend(
                problems.into_iter().map(|(message, allowed)| Fault::new(node.span.clone(), message, Some(allowed))),
            ),
        },
        Kind::Scalar { .. } => {}
        Kind::Sequence(items) => items.iter_mut().for_each(|item| apply(item, lookup, faults)),
        Kind::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| apply(value, lookup, faults)),
    }
}

/// The expanded text and whether a variable was replaced; else (message, allowed) pairs.
fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(String, bool), Vec<(String, String)>> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let (mut replaced, mut problems) = (false, Vec::new());
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}') else {
            problems.push(("`${` is never closed".into(), "${NAME}, or $${ for a literal".into()));
            return Err(problems);
        };
        let inner = &rest[at + 2..at + end];
        let (name, default) = inner.split_once(":-").map_or((inner, None), |(n, d)| (n, Some(d)));
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name {
            let given = lookup(name);
            // As in a shell, `:-` also stands in for a variable that is set but empty.
            let value = match default {
                Some(default) => Some(given.filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned())),
                None => given,
            };
            match value {
                Some(value) => out.push_str(&value),
                None => problems.push((
                    format!("variable `{name}` is not set"),
                    format!("--var {name}=VALUE, the environment, or ${{{name}:-default}}"),
                )),
            }
            replaced = true;
        } else {
            problems.push((format!("`{name}` is no name of a variable"), "letters, digits and `_`".into()));
        }
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    if problems.is_empty() { Ok((out, replaced)) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables() {
        let lookup = |name: &str| match name {
            "DATE" => Some("2026-11-23".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, expected) in [
            ("/scans/${DATE}/in", "/scans/2026-11-23/in"),
            ("${NO:-x y}", "x y"),
            ("${EMPTY:-x}", "x"),
            ("${EMPTY}", ""),
            ("${NO:-}", ""),
            ("$${DATE}", "${DATE}"),
            ("cost $5", "cost $5"),
        ] {
            assert_eq!(expand(text, &lookup).map(|(out, _)| out), Ok(expected.to_owned()), "{text}");
        }
        for bad in ["${NO}", "${", "${a b}", "${}"] {
            assert!(expand(bad, &lookup).is_err(), "{bad}");
        }
        assert_eq!(expand("${A}${B}", &lookup).unwrap_err().len(), 2, "all at once");
    }
}
