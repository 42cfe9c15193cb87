//! The columns of a truth file.

use super::task_spec::TaskSpec;
use crate::base::sanitize::one_line;
use crate::source::without_secrets;
use crate::task::Shape;

/// The columns that are not tasks.
const PATH: &str = "path";
const PAGE: &str = "page";
const SPLIT: &str = "split";
const SAMPLED_WITH: &str = "sampled_with";

/// Maximum length of the names of all columns in a message, in characters.
const MAX_SHOWN: usize = 500;

/// What the cells of a column are about: a task, or one member of its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The position of the task.
    pub(crate) task: usize,
    /// The position of the leaf; `None`: the whole answer.
    pub(crate) leaf: Option<usize>,
    /// The name of the column.
    pub(crate) name: String,
}

/// Which columns of a truth file are used.
#[derive(Debug, Default)]
pub(crate) struct TruthColumns {
    /// The position of the column `path`.
    pub(crate) path: usize,
    /// The position of the column `page`.
    pub(crate) page: Option<usize>,
    /// The position of the column `split`.
    pub(crate) split: Option<usize>,
    /// The position of the column `sampled_with`.
    pub(crate) sampled_with: Option<usize>,
    /// The positions of columns about tasks.
    pub(crate) targets: Vec<(usize, Target)>,
    /// The names of all other columns.
    pub(crate) ignored: Vec<String>,
}

impl TruthColumns {
    /// Finds the columns among these names. `all`: the tasks of the job; only `tasks` are measured.
    ///
    /// # Errors
    /// A missing column, or two columns about the same values, in words.
    pub(crate) fn choose(names: &[&str], tasks: &[TaskSpec], all: &[&str]) -> Result<Self, String> {
        check_repeats(names)?;
        let position = |wanted: &str| find_column(names, wanted);
        let path =
            position(PATH).ok_or_else(|| format!("there is no column `path`; it has: {}", shown_names(names)))?;
        let is_task = |name: &str| all.contains(&name);
        let other = |name: &str| position(name).filter(|_| !is_task(name));
        let mut found =
            Self { path, page: other(PAGE), split: other(SPLIT), sampled_with: other(SAMPLED_WITH), ..Self::default() };
        let special = [Some(path), found.page, found.split, found.sampled_with];
        for (at, name) in names.iter().enumerate() {
            if special.contains(&Some(at)) {
                continue;
            }
            match find_target(name, tasks).or_else(|| find_in_other_case(name, names, tasks)) {
                Some(target) => {
                    let same = |known: &Target| (known.task, known.leaf) == (target.task, target.leaf);
                    if let Some((first, _)) = found.targets.iter().find(|(_, known)| same(known)) {
                        return Err(format!("the column `{name}` occurs twice (columns {} and {})", first + 1, at + 1));
                    }
                    found.targets.push((at, target));
                }
                None if is_task(name) => {}
                None => found.ignored.push((*name).to_owned()),
            }
        }
        if found.targets.is_empty() {
            let columns: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
            return Err(format!(
                "no column is a task of the job; it has: {}; tasks: {}",
                shown_names(names),
                columns.join(", ")
            ));
        }
        Ok(found)
    }
}

/// The column with this name; if there is none, the only one that differs from it in case.
pub(crate) fn find_column(names: &[&str], wanted: &str) -> Option<usize> {
    let exact = names.iter().position(|name| *name == wanted);
    exact.or_else(|| {
        let mut others = names.iter().enumerate().filter(|(_, name)| is_same_in_other_case(name, wanted));
        others.next().filter(|_| others.next().is_none()).map(|(at, _)| at)
    })
}

/// The task that a column is about whose name differs in case, unless another column has the name of the task.
fn find_in_other_case(name: &str, names: &[&str], tasks: &[TaskSpec]) -> Option<Target> {
    let task = tasks.iter().find(|task| is_same_in_other_case(name, &task.name))?;
    let at = find_column(names, &task.name)?;
    (names.get(at) == Some(&name)).then(|| find_target(&task.name, tasks)).flatten()
}

fn is_same_in_other_case(name: &str, wanted: &str) -> bool {
    name.to_lowercase() == wanted.to_lowercase()
}

/// Names of columns in a message. A list without a header may have URLs with secrets there.
fn shown_names(names: &[&str]) -> String {
    one_line(&without_secrets(&names.join(", ")), MAX_SHOWN)
}

/// Checks that no name is a duplicate, because the column would be ambiguous. Spreadsheets add columns without a name.
fn check_repeats(names: &[&str]) -> Result<(), String> {
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = names.iter().take(at).position(|earlier| earlier == name) {
            let shown = shown_names(&[name]);
            return Err(format!("the column `{shown}` occurs twice (columns {} and {})", first + 1, at + 1));
        }
    }
    Ok(())
}

/// The task, or the member of its answers, that a column is about: `total`, `total__amount`, `total.amount`.
pub(crate) fn find_target(name: &str, tasks: &[TaskSpec]) -> Option<Target> {
    for (position, task) in tasks.iter().enumerate() {
        let target = |leaf| Target { task: position, leaf, name: name.to_owned() };
        if task.name == name {
            return Some(target(None));
        }
        if !matches!(task.shape.required(), Shape::Object(_)) {
            continue;
        }
        let Some(rest) = name.strip_prefix(&task.name) else { continue };
        let is_leaf = |separator: &str| {
            let rest = rest.strip_prefix(separator)?;
            task.leaves.iter().position(|leaf| leaf.path.join(separator) == rest)
        };
        if let Some(leaf) = is_leaf("__").or_else(|| is_leaf(".")) {
            return Some(target(Some(leaf)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::truth::leaf::Leaf;
    use crate::task::Field;

    fn tasks() -> Vec<TaskSpec> {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let total = Shape::Object(vec![field("amount", Shape::Number), field("currency", Shape::Text)]);
        let spec = |position, name: &str, shape: Shape| TaskSpec {
            name: name.into(),
            position,
            leaves: Leaf::list(&shape),
            shape,
        };
        vec![spec(0, "kind", Shape::Choice(vec!["a".into()])), spec(1, "total", total)]
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let choose = |names: &[&str]| TruthColumns::choose(names, &tasks(), &["kind", "total", "split"]);
        let found = choose(&["note", "path", "page", "total__amount", "kind", "split", "total.currency"]).unwrap();
        assert_eq!((found.path, found.page, found.split, found.sampled_with), (1, Some(2), None, None));
        let targets: Vec<_> = found.targets.iter().map(|(at, target)| (*at, target.task, target.leaf)).collect();
        assert_eq!(targets, [(3, 1, Some(0)), (4, 0, None), (6, 1, Some(1))]);
        assert_eq!(found.ignored, ["note"], "a task that is not measured is not an unknown column");
        for (names, expected) in [
            (&["Path", "Kind"][..], &[(1, 0)][..]),
            (&["path", "Kind", "kind"], &[(2, 0)]),
            (&["path", "Kind", "KIND", "total"], &[(3, 1)]),
        ] {
            let found = choose(names).unwrap();
            let targets: Vec<_> = found.targets.iter().map(|(at, target)| (*at, target.task)).collect();
            assert_eq!((found.path, targets.as_slice()), (0, expected), "{names:?}");
        }
        for (names, fault) in [
            (&["file", "kind"][..], "there is no column `path`; it has: file, kind"),
            (&["path", "kin"], "no column is a task of the job; it has: path, kin; tasks: kind, total"),
            (&["path", "kind", "kind"], "the column `kind` occurs twice (columns 2 and 3)"),
            (&["path", "note", "kind", "note"], "the column `note` occurs twice (columns 2 and 4)"),
            (&["path", "kind", "path"], "the column `path` occurs twice (columns 1 and 3)"),
            (&["path", "total__amount", "total.amount"], "the column `total.amount` occurs twice (columns 2 and 3)"),
        ] {
            assert_eq!(choose(names).unwrap_err(), fault);
        }
    }
}
