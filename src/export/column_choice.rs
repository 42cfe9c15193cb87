//! Columns that are named by the user: those of rows, and members of objects.

use super::columns::{CellKind, Column};
use super::spec::RowSpec;
use crate::manifest::nearest_name;
use crate::task::Shape;

/// Every column: `--columns '*'`.
const ALL: &str = "*";

/// The columns with these names, in this order. `total.amount` and `total__amount` are a member of the task
/// `total`, `*` stands for all columns. No names: the most informative ones.
///
/// # Errors
/// The fault and a remedy, if there is no such column.
pub fn choose_columns(spec: &RowSpec, names: &[String]) -> Result<Vec<String>, (String, String)> {
    let own = Column::list(spec);
    if names.is_empty() {
        let is_chosen = |column: &&Column| !column.is_of_row() || DEFAULT_COLUMNS.contains(&column.name.as_str());
        return Ok(own.iter().filter(is_chosen).map(|column| column.name.clone()).collect());
    }
    let known = known_columns(spec);
    let mut chosen: Vec<String> = Vec::new();
    for name in names {
        if name == ALL {
            chosen.extend(own.iter().map(|column| column.name.clone()));
            continue;
        }
        let flat = name.replace('.', "__");
        if !known.iter().any(|column| column.name == flat) {
            let all = || known.iter().map(|column| column.name.as_str());
            let hint = match nearest_name(&flat, all()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("the columns are: {}", all().collect::<Vec<_>>().join(", ")),
            };
            return Err((format!("there is no column `{name}`"), hint));
        }
        chosen.push(flat);
    }
    let mut seen = std::collections::HashSet::new();
    chosen.retain(|name| seen.insert(name.clone()));
    Ok(chosen)
}

/// Columns of every row that are shown when none are named.
const DEFAULT_COLUMNS: &[&str] = &["path", "page", "status", "cost_usd", "error_kind"];

/// The columns with these names, as [`choose_columns`] returns them.
pub(crate) fn chosen_columns(spec: &RowSpec, names: &[String]) -> Vec<Column> {
    let known = known_columns(spec);
    names.iter().filter_map(|name| known.iter().find(|column| column.name == *name).cloned()).collect()
}

/// The columns of the rows, and the members of objects that are not columns.
fn known_columns(spec: &RowSpec) -> Vec<Column> {
    let mut known = Column::list(spec);
    let has_objects =
        |column: &Column| matches!(&column.kind, CellKind::Json(shape) if matches!(shape.required(), Shape::Object(_)));
    if known.iter().any(has_objects) {
        let flat = Column::list(&RowSpec { flatten: true, ..spec.clone() });
        known.extend(flat.into_iter().filter(|column| column.is_member()));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;

    fn spec(flatten: bool) -> RowSpec {
        let member = Field { name: "amount".into(), description: None, shape: Shape::Number };
        RowSpec {
            tasks: vec![("kind".into(), Shape::Text), ("total".into(), Shape::Object(vec![member]))],
            flatten,
            ..RowSpec::default()
        }
    }

    #[test]
    fn columns_are_chosen_by_name() {
        let choose = |flatten, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            choose_columns(&spec(flatten), &names).map_err(|(message, hint)| format!("{message}; {hint}"))
        };
        let expected = |names: &str| Ok(names.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(choose(false, &[]), expected("path page status kind total cost_usd error_kind"));
        assert_eq!(choose(true, &[]), expected("path page status kind total__amount cost_usd error_kind"));
        for flatten in [false, true] {
            assert_eq!(choose(flatten, &["total.amount", "kind", "kind"]), expected("total__amount kind"));
            let all = choose(flatten, &["error", "*"]).unwrap();
            assert_eq!((all.len(), all[0].as_str(), all[1].as_str()), (17, "error", "path"));
        }
        assert_eq!(choose(false, &["knid"]), Err("there is no column `knid`; did you mean `kind`?".into()));
        assert_eq!(chosen_columns(&spec(false), &["total__amount".into()]).len(), 1);
    }
}
