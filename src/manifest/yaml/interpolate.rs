//! Replaces `${NAME}` and `${NAME:-default}` in scalars. `$${` is a literal `${`.

use super::node::{Node, NodeKind};
use crate::manifest::faults::Fault;

/// Looks up the value of a variable: `--var` first, then the environment.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The fault of a scalar, and the allowed values.
type Problem = (String, String);

/// Replaces the variables in every scalar below `node`. A scalar in which a variable was
/// replaced gets its type as if it had been written without quotes.
pub(crate) fn interpolate(node: &mut Node, variables: Variables<'_>, faults: &mut Vec<Fault>) {
    match &mut node.kind {
        NodeKind::Scalar { text, is_plain } if text.contains("${") => match expand(text, variables) {
            Ok((expanded, has_variable)) => {
                *text = expanded;
                *is_plain |= has_variable;
            }
            Err(problems) => faults.extend(
                problems.into_iter().map(|(message, allowed)| Fault::new(node.span.clone(), message, Some(allowed))),
            ),
        },
        NodeKind::Scalar { .. } => {}
        NodeKind::Sequence(items) => items.iter_mut().for_each(|item| interpolate(item, variables, faults)),
        NodeKind::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| interpolate(value, variables, faults)),
    }
}

/// Whether `name` can be the name of a variable: letters, digits and `_`, not starting
/// with a digit.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The expanded text, and whether a variable was replaced in it; or every problem.
fn expand(text: &str, variables: Variables<'_>) -> Result<(String, bool), Vec<Problem>> {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let (mut has_variable, mut problems) = (false, Vec::new());
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            out.push_str(&rest[..start - 1]);
            out.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('}') else {
            problems.push(("`${` without a closing `}`".into(), "${NAME}, or $${ for a literal `${`".into()));
            return Err(problems);
        };
        match variable_value(&rest[start + 2..start + end], variables) {
            Ok(value) => out.push_str(&value),
            Err(problem) => problems.push(problem),
        }
        has_variable = true;
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    if problems.is_empty() { Ok((out, has_variable)) } else { Err(problems) }
}

/// The value of `NAME` or `NAME:-default`, the text between the braces.
fn variable_value(inner: &str, variables: Variables<'_>) -> Result<String, Problem> {
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
    if !is_variable_name(name) {
        let allowed = "letters, digits and `_`, not starting with a digit".into();
        return Err((format!("`{name}` is not a valid variable name"), allowed));
    }
    let value = variables(name);
    match default {
        // As in a shell, `:-` also replaces a variable that is set to nothing.
        Some(default) => Ok(value.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())),
        None => value.ok_or_else(|| {
            let allowed =
                format!("set it with --var {name}=VALUE or in the environment, or write ${{{name}:-default}}");
            (format!("variable `{name}` is not set"), allowed)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::node::parse_yaml;
    use proptest::prelude::*;

    fn variables(name: &str) -> Option<String> {
        match name {
            "DATE" => Some("2026-11-23".to_owned()),
            "N" => Some("4".to_owned()),
            "EMPTY" => Some(String::new()),
            "BRACES" => Some("${DATE}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced() {
        for (text, expected, has_variable) in [
            ("/scans/${DATE}/in", "/scans/2026-11-23/in", true),
            ("${NO:-x y}", "x y", true),
            ("${EMPTY:-x}", "x", true),
            ("${EMPTY}", "", true),
            ("${NO:-}", "", true),
            ("${DATE}${DATE}", "2026-11-232026-11-23", true),
            ("${NO:-a:-b}", "a:-b", true),
            ("$${DATE}", "${DATE}", false),
            ("$${DATE} ${DATE}", "${DATE} 2026-11-23", true),
            // A value is not expanded again.
            ("${BRACES}", "${DATE}", true),
            ("cost $5", "cost $5", false),
            ("", "", false),
        ] {
            assert_eq!(expand(text, &variables), Ok((expected.to_owned(), has_variable)), "{text}");
        }
    }

    #[test]
    fn every_problem_is_reported() {
        for (text, messages) in [
            ("${NO}", &["variable `NO` is not set"][..]),
            ("${NO} ${NONE}", &["variable `NO` is not set", "variable `NONE` is not set"]),
            ("${", &["`${` without a closing `}`"]),
            ("${NO} ${", &["variable `NO` is not set", "`${` without a closing `}`"]),
            ("${a b}", &["`a b` is not a valid variable name"]),
            ("${}", &["`` is not a valid variable name"]),
            ("${1A:-x}", &["`1A` is not a valid variable name"]),
        ] {
            let problems = expand(text, &variables).unwrap_err();
            assert_eq!(problems.iter().map(|(message, _)| message.as_str()).collect::<Vec<_>>(), messages, "{text}");
        }
    }

    #[test]
    fn a_replaced_scalar_counts_as_plain() {
        let mut root = parse_yaml("[\"${N}\", \"$${N}\", '4', {a: \"${NO}\"}]").unwrap();
        let mut faults = Vec::new();
        interpolate(&mut root, &variables, &mut faults);
        let NodeKind::Sequence(items) = &root.kind else { panic!() };
        let scalars: Vec<(&str, bool)> = items
            .iter()
            .filter_map(|item| match &item.kind {
                NodeKind::Scalar { text, is_plain } => Some((text.as_str(), *is_plain)),
                _ => None,
            })
            .collect();
        assert_eq!(scalars, [("4", true), ("${N}", false), ("4", false)]);
        assert_eq!(faults.len(), 1, "also inside of collections");
    }

    proptest! {
        #[test]
        fn text_without_variables_stays_as_it_is(text in "[a-z$}{: -]{0,20}") {
            prop_assume!(!text.contains("${"));
            prop_assert_eq!(expand(&text, &variables), Ok((text.clone(), false)));
        }

        #[test]
        fn escaped_text_means_itself(text in "[a-z}{: ]{0,12}(\\$\\{[a-z}{ ]{0,8}){0,3}") {
            let escaped = text.replace("${", "$${");
            prop_assert_eq!(expand(&escaped, &variables), Ok((text, false)));
        }

        #[test]
        fn a_value_stands_between_its_neighbours(before in "[a-z]{0,5}", after in "[a-z$ ]{0,5}") {
            let text = format!("{before}${{DATE}}{after}");
            prop_assert_eq!(expand(&text, &variables), Ok((format!("{before}2026-11-23{after}"), true)));
        }
    }
}
