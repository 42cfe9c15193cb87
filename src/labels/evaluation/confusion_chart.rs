//! The confusion matrix as a picture: a grid whose cells are coloured by the share of their row.

use super::task_result::TaskResult;
use crate::base::escape::html_text;
use crate::base::units::grouped;
use std::fmt::Write;

/// Maximum number of labels in the picture: those with the most pages. All others are one label.
const MAX_LABELS: usize = 30;
/// The name of all other labels together.
const OTHERS: &str = "(all others)";
/// Minimum share of a row, in percent, for text in the colour of the paper.
const STRONG_PERCENT: u64 = 60;

/// Draws the confusion matrix of a `classify` task. `None`: the task has none.
pub(crate) fn draw_confusion(task: &TaskResult) -> Option<String> {
    if task.confusion.is_empty() || task.n == 0 {
        return None;
    }
    let (names, counts) = used_labels(task);
    let mut out = String::from("<table class=\"confusion\">\n<tr><th></th>");
    for name in &names {
        let name = html_text(name);
        let _ = write!(out, "<th class=\"answer\" scope=\"col\" title=\"answered {name}\"><span>{name}</span></th>");
    }
    out.push_str("</tr>\n");
    for (row, (name, counts)) in names.iter().zip(&counts).enumerate() {
        let total: u64 = counts.iter().sum();
        let truth = html_text(name);
        let _ = write!(out, "<tr><th class=\"truth\" scope=\"row\" title=\"truth {truth}\">{truth}</th>");
        for (column, count) in counts.iter().enumerate() {
            let percent = (count * 100).checked_div(total).unwrap_or(0);
            let mut class = if row == column { "right" } else { "wrong" }.to_owned();
            if *count == 0 {
                class.push_str(" zero");
            } else if percent >= STRONG_PERCENT {
                class.push_str(" strong");
            }
            // A cell with one page of many is still seen.
            let shade = if *count == 0 { 0 } else { percent.max(12) };
            let answer = names.get(column).map(|name| html_text(name)).unwrap_or_default();
            let _ = write!(
                out,
                "<td class=\"{class}\" style=\"--share:{shade}%\" title=\"truth {truth}, answered {answer}: {}\">{}</td>",
                grouped(*count),
                grouped(*count)
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n<p>Rows: truth. Columns: answer. Pages without an answer are not in it.</p>\n");
    Some(out)
}

/// The names of the labels in the picture, and their counts.
fn used_labels(task: &TaskResult) -> (Vec<String>, Vec<Vec<u64>>) {
    let mut used: Vec<usize> =
        (0..task.labels.len()).filter(|at| task.labels[*at].n > 0 || task.labels[*at].predicted > 0).collect();
    let has_others = used.len() > MAX_LABELS;
    if has_others {
        used.sort_by_key(|at| std::cmp::Reverse(task.labels[*at].n));
        used.truncate(MAX_LABELS - 1);
        used.sort_unstable();
    }
    // The last place is that of all others.
    let place: Vec<usize> = (0..task.labels.len())
        .map(|label| used.iter().position(|known| *known == label).unwrap_or(used.len()))
        .collect();
    let mut names: Vec<String> = used.iter().map(|at| task.labels[*at].label.clone()).collect();
    if has_others {
        names.push(OTHERS.to_owned());
    }
    let mut counts = vec![vec![0; names.len()]; names.len()];
    for (truth, row) in task.confusion.iter().enumerate() {
        for (answer, count) in row.iter().enumerate() {
            if let Some(cell) = counts.get_mut(place[truth]).and_then(|row| row.get_mut(place[answer])) {
                *cell += count;
            }
        }
    }
    (names, counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::evaluation::task_result::LabelResult;

    fn task(labels: usize) -> TaskResult {
        let confusion: Vec<Vec<u64>> = (0..labels)
            .map(|row| {
                (0..labels).map(|column| if row == column { 10 + row as u64 } else { u64::from(column == 0) }).collect()
            })
            .collect();
        let label = |at: usize| LabelResult {
            label: format!("<{at}>"),
            n: confusion[at].iter().sum(),
            predicted: confusion.iter().map(|row| row[at]).sum(),
            ..LabelResult::default()
        };
        let labels = (0..labels).map(label).collect();
        TaskResult { n: 1, labels, confusion: confusion.clone(), ..TaskResult::default() }
    }

    #[test]
    fn every_count_is_in_the_picture_and_names_are_text() {
        let drawn = draw_confusion(&task(3)).unwrap();
        assert_eq!((drawn.matches("<td").count(), drawn.matches("class=\"right").count()), (9, 3));
        assert!(drawn.contains("&lt;2&gt;") && !drawn.contains("<2>"));
        assert!(drawn.contains("truth &lt;1&gt;, answered &lt;0&gt;: 1\">1</td>"));
        assert_eq!(draw_confusion(&TaskResult::default()), None);
    }

    #[test]
    fn rare_labels_are_drawn_together() {
        let many = task(200);
        let (names, counts) = used_labels(&many);
        assert_eq!(
            (names.len(), counts.len(), names.last().map(String::as_str)),
            (MAX_LABELS, MAX_LABELS, Some(OTHERS))
        );
        let sum = |counts: &[Vec<u64>]| counts.iter().flatten().sum::<u64>();
        assert_eq!(sum(&counts), sum(&many.confusion));
    }
}
