//! A truth file: CSV, TSV, JSON Lines or Parquet, with one row for each page.

use super::cell::is_empty;
use super::columns::{TruthColumns, find_column};
use super::fault::{FaultPlace, TruthFault};
use super::page_truth::PageTruth;
use super::spellings::Spellings;
use super::task_spec::TaskSpec;
use crate::base::path_text::display_path;
use crate::labels::page_number::read_page_number;
use crate::source::{ColumnPlan, ListFile, ListRow, without_secrets};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

/// A row of a truth file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TruthRow {
    /// The line on which it begins.
    pub(crate) line: u64,
    /// The path, as the rows of the job show paths.
    pub(crate) path: String,
    /// The number of the page.
    pub(crate) page: u32,
    /// Whether the path is UTF-8.
    pub(crate) is_text: bool,
    /// The truth of the page.
    pub(crate) truth: PageTruth,
}

/// The rows of a truth file, one for each page, and what can't be used of it.
#[derive(Debug, Default)]
pub(crate) struct TruthFile {
    /// One row for each page, in the order of the file.
    pub(crate) rows: Vec<TruthRow>,
    /// The number of rows in the file.
    pub(crate) row_count: u64,
    /// Whether a row has a value.
    pub(crate) has_values: bool,
    /// Whether it has a column with the numbers of pages.
    pub(crate) has_page_numbers: bool,
    /// The names of columns that are not used.
    pub(crate) ignored: Vec<String>,
    /// Rows and cells that can't be used.
    pub(crate) faults: Vec<TruthFault>,
}

impl TruthFile {
    /// Reads the file at `path`. `all`: the names of all tasks of the job; only `tasks` are measured.
    ///
    /// # Errors
    /// Why the file as a whole can't be used, in words.
    pub(crate) fn read(path: &Path, tasks: &[TaskSpec], all: &[&str]) -> Result<Self, String> {
        let find_path = |names: &[&str]| find_column(names, "path");
        let mut list = ListFile::open(path, &find_path)?;
        let names: Vec<&str> = list.columns().iter().map(|column| column.name.trim()).collect();
        let columns = TruthColumns::choose(&names, tasks, all)?;
        for (at, target) in &columns.targets {
            if let Some(Err(what)) = list.columns().get(*at).map(|column| &column.kind) {
                return Err(format!(
                    "the column `{}` holds {what}; write it as JSON text, or use CSV or JSON Lines",
                    target.name
                ));
            }
        }
        let optional = [columns.page, columns.split, columns.sampled_with];
        let positions: Vec<usize> =
            columns.targets.iter().map(|(at, _)| *at).chain(optional.into_iter().flatten()).collect();
        let plan = ColumnPlan::of_positions(columns.path, positions);
        let has_page_numbers = columns.page.is_some();
        let mut file = Self { has_page_numbers, ignored: columns.ignored.clone(), ..Self::default() };
        let mut known: HashMap<(String, u32), usize> = HashMap::new();
        let mut spellings = Spellings::default();
        while let Some(row) = list.next_row(&plan)? {
            file.row_count += 1;
            let line = row.line;
            let Some(mut row) = file.read_row(row, &columns, tasks) else { continue };
            spellings.unify(tasks, &mut row.truth);
            file.has_values |= row.truth.has_any();
            match known.entry((row.path.clone(), row.page)) {
                Entry::Vacant(new) => {
                    new.insert(file.rows.len());
                    file.rows.push(row);
                }
                Entry::Occupied(first) => {
                    let Some(first) = file.rows.get_mut(*first.get()) else { continue };
                    let first_line = first.line;
                    let differs = first.truth.merge(row.truth);
                    let message = match (differs, has_page_numbers) {
                        (true, true) => {
                            format!("the same page as line {first_line}, with another value: neither is used")
                        }
                        (true, false) => {
                            format!("the same file as line {first_line}, with another value: neither is used")
                        }
                        (false, _) => format!("the same page as line {first_line}"),
                    };
                    file.faults.push(TruthFault::at_line(line, message));
                }
            }
        }
        Ok(file)
    }

    /// How many files have rows that contradict each other because there are no page numbers.
    pub(crate) fn contradicted_files(&self) -> u64 {
        let contradicted = self.rows.iter().filter(|row| row.truth.is_contradicted()).count();
        if self.has_page_numbers { 0 } else { contradicted as u64 }
    }

    /// Whether a value is left where rows contradict each other.
    pub(crate) fn has_truth(&self) -> bool {
        self.rows.iter().any(|row| row.truth.has_any())
    }

    /// Reads a row. `None`: it names no page.
    fn read_row(&mut self, row: ListRow, columns: &TruthColumns, tasks: &[TaskSpec]) -> Option<TruthRow> {
        let line = row.line;
        let mut faults = Vec::new();
        let mut fault = |message: String| faults.push(TruthFault::at_line(line, message));
        let mut values = row.values.into_iter();
        let mut truth = PageTruth::unknown(tasks.len());
        for (_, target) in &columns.targets {
            let cell = values.next().unwrap_or_default();
            truth.add_cell(tasks, target, &cell).into_iter().for_each(&mut fault);
        }
        truth.set_place(&FaultPlace::Line(line));
        let mut optional = |column: Option<usize>| column.and_then(|_| values.next()).unwrap_or_default();
        let page = read_page(&optional(columns.page));
        truth.set_split(&optional(columns.split));
        let probability = truth.set_probability(&optional(columns.sampled_with));
        let is_text = std::str::from_utf8(&row.path).is_ok();
        let path = read_path(&row.path);
        let has_path = !path.trim().is_empty();
        if !has_path {
            fault("there is no path".into());
        }
        let page = page.map_err(&mut fault).ok().filter(|_| has_path);
        // The page is still compared.
        faults.extend(probability.err().map(|message| TruthFault::of_cell(FaultPlace::Line(line), message)));
        self.faults.append(&mut faults);
        page.map(|page| TruthRow { line, path, page, is_text, truth })
    }
}

/// A path as rows show it: without the secrets of URLs. Blanks may be part of the name of a file.
fn read_path(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains(":/") => without_secrets(text.trim()),
        // The text of a path that is not UTF-8 is escaped already.
        Ok(text) => text.to_owned(),
        Err(_) => display_path(bytes),
    }
}

/// The number of a page; 1 if there is none.
fn read_page(cell: &Value) -> Result<u32, String> {
    if is_empty(cell) {
        return Ok(1);
    }
    read_page_number(cell).ok_or_else(|| format!("page: expected a number, found {cell}"))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;
    use crate::labels::truth::leaf::Leaf;
    use crate::task::Shape;
    use serde_json::json;

    fn tasks() -> Vec<TaskSpec> {
        let spec = |position, name: &str, shape: Shape| TaskSpec {
            name: name.into(),
            position,
            leaves: Leaf::list(&shape),
            shape,
        };
        let labels = || ["invoice", "Größe"].map(str::to_owned).to_vec();
        vec![spec(0, "kind", Shape::Choice(labels())), spec(1, "features", Shape::Tags { labels: labels(), max: None })]
    }

    fn read(name: &str, content: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let file = TruthFile::read(&path, &tasks(), &["kind", "features"])?;
        let show = |row: &TruthRow| {
            let cells: Vec<Value> = row.truth.tasks.iter().map(|task| json!(task.first().cloned().flatten())).collect();
            let (split, sampled) = (&row.truth.split, row.truth.sampled_with);
            format!("{} {} {} {} {split:?} {sampled:?}", row.line, row.path, row.page, Value::from(cells))
        };
        Ok((file.rows.iter().map(show).collect(), file.faults.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn rows_are_read_whatever_the_encoding() {
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain("path\tkind\r\na.png\tGRÖSSE\r\n".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        for (name, content, rows) in [
            ("t.csv", "path,kind\na.png,invoice\n".as_bytes(), &[r#"2 a.png 1 ["invoice",null] None None"#][..]),
            ("t.csv", b"path;page;kind\na.png;2.0;invoice\n", &[r#"2 a.png 2 ["invoice",null] None None"#]),
            ("t.csv", b"PAR1,path,kind\nx,a.png,invoice\n", &[r#"2 a.png 1 ["invoice",null] None None"#]),
            ("t.csv", b"path\tkind\na.png\tinvoice\n", &[r#"2 a.png 1 ["invoice",null] None None"#]),
            ("t.csv", "\u{feff}kind , path\r\ngrösse,a.png\r\n".as_bytes(), &[r#"2 a.png 1 ["Größe",null] None None"#]),
            ("t.tsv", &utf16, &[r#"2 a.png 1 ["Größe",null] None None"#]),
            (
                "t.csv",
                "path,page,kind,features,split,sampled_with\na.pdf,2,,\"[\"\"invoice\"\"]\",dev,0.25\n\na.pdf,,invoice,[],,5%\n"
                    .as_bytes(),
                &[
                    r#"2 a.pdf 2 [null,["invoice"]] Some("dev") Some(0.25)"#,
                    r#"4 a.pdf 1 ["invoice",[]] None Some(0.05)"#,
                ],
            ),
            ("t.csv", b"Path,PAGE,Kind\na.png,2,invoice\n", &[r#"2 a.png 2 ["invoice",null] None None"#]),
            (
                "t.jsonl",
                b"{\"path\":\"a.png\",\"page\":3,\"features\":[\"invoice\"],\"sampled_with\":1}\n",
                &[r#"1 a.png 3 [null,["invoice"]] None Some(1.0)"#],
            ),
            (
                "t.csv",
                b"path,kind\n a.png,invoice\na.png ,invoice\n",
                &[r#"2  a.png 1 ["invoice",null] None None"#, r#"3 a.png  1 ["invoice",null] None None"#],
            ),
            (
                "t.csv",
                b"path,kind\nhttps://h/a.png?sig=SECRET&v=1,invoice\n\xff.png,invoice\n",
                &[
                    r#"2 https://h/a.png?v=1 1 ["invoice",null] None None"#,
                    r#"3 %FF.png 1 ["invoice",null] None None"#,
                ],
            ),
        ] {
            let (found, faults) = read(name, content).unwrap();
            assert_eq!((found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), faults), (rows, vec![]));
        }
    }

    #[test]
    fn what_can_not_be_used_is_listed_with_its_line() {
        let text = "path,page,kind,features,sampled_with\n\
                    a.png,1,,[],\n\
                    ,1,invoice,[],\n\
                    b.png,x,invoice,[],\n\
                    a.png,1,invoice,[],1.5\n\
                    c.png,1,invoice,[],0.5\n\
                    \n\
                    c.png,1,Größe,[],0.5\n\
                    c.png,,invoice,[],0\n";
        let (rows, faults) = read("t.csv", text.as_bytes()).unwrap();
        assert_eq!(
            rows,
            [r#"2 a.png 1 ["invoice",[]] None None"#, r#"6 c.png 1 [null,[]] None Some(0.5)"#],
            "a later line adds what an earlier one lacks, unless two contradict each other"
        );
        assert_eq!(
            faults,
            [
                "line 3: there is no path",
                "line 4: page: expected a number, found \"x\"",
                "line 5: sampled_with: expected a probability above 0 and at most 1, found \"1.5\"; write 1.5% if it is in percent",
                "line 5: the same page as line 2",
                "line 8: the same page as line 6, with another value: neither is used",
                "line 9: sampled_with: expected a probability above 0 and at most 1, found \"0\"",
                "line 9: the same page as line 6",
            ]
        );
    }

    #[test]
    fn rows_about_one_file_need_page_numbers() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.csv");
            std::fs::write(&path, text).unwrap();
            let file = TruthFile::read(&path, &tasks(), &["kind", "features"]).unwrap();
            let kept = (file.contradicted_files(), file.has_values, file.has_truth());
            let mut faults = file.faults.iter().map(ToString::to_string);
            (kept, faults.find(|fault| fault.contains("another value")).unwrap_or_default())
        };
        let (kept, fault) = read(
            "path,kind\na.pdf,invoice\na.pdf,invoice\na.pdf,grösse\na.pdf,invoice\nb.pdf,invoice\nb.pdf,invoice\n",
        );
        assert_eq!(kept, (1, true, true));
        let (kept, _) = read("path,kind\na.pdf,invoice\na.pdf,grösse\nb.pdf,\n");
        assert_eq!(kept, (1, true, false));
        let (kept, fault_of_one_task) = read("path,kind,features\na.pdf,invoice,[]\na.pdf,grösse,[]\n");
        assert_eq!((kept, &fault_of_one_task), ((1, true, true), &fault.replace("line 4", "line 3")));
        assert_eq!(fault, "line 4: the same file as line 2, with another value: neither is used");
        let (kept, fault) = read("path,page,kind\na.pdf,1,invoice\na.pdf,1,grösse\n");
        assert_eq!(
            (kept.0, fault.as_str()),
            (0, "line 3: the same page as line 2, with another value: neither is used")
        );
    }

    #[test]
    fn a_contradiction_stays_one() {
        let (rows, _) = read("t.csv", b"path,kind\na,invoice\na,gr\xc3\xb6\xc3\x9fe\n").unwrap();
        assert_eq!(rows, [r#"2 a 1 [null,null] None None"#]);
    }

    #[test]
    fn labels_that_the_manifest_does_not_have_keep_their_lines() {
        let text = "path,kind,features\na,letter,\nb,,\"wax; invoice\"\na,,seal\nb,,[]\nc,letter,\nc,invoice,\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let file = TruthFile::read(&path, &tasks(), &["kind", "features"]).unwrap();
        let misfits: Vec<Vec<(usize, &str, Option<FaultPlace>)>> = file
            .rows
            .iter()
            .map(|row| {
                let misfits = row.truth.misfits.iter();
                misfits.map(|known| (known.task, known.misfit.text.as_str(), known.place.clone())).collect()
            })
            .collect();
        let line = |line| Some(FaultPlace::Line(line));
        // Contradictory truth is dropped.
        assert_eq!(misfits, [vec![(0, "letter", line(2)), (1, "seal", line(4))], vec![], vec![]]);
        assert_eq!(file.rows[0].truth.tasks[1], [Some(json!(["seal"]))]);
    }

    #[test]
    fn a_label_that_the_manifest_does_not_have_is_one_in_any_spelling() {
        let text = "path,kind,features\na,Memo,\"wax;Wax;invoice\"\nb,MEMO ,WAX\nb,memo.,\nc,“memo”,\n";
        let (rows, faults) = read("t.csv", text.as_bytes()).unwrap();
        assert_eq!(
            rows,
            [
                r#"2 a 1 ["Memo",["invoice","wax"]] None None"#,
                r#"3 b 1 ["Memo",["wax"]] None None"#,
                r#"5 c 1 ["“memo”",null] None None"#,
            ]
        );
        assert_eq!(faults, ["line 4: the same page as line 3"]);
    }

    #[test]
    fn files_that_can_not_be_read_say_why() {
        for (name, content, reason) in [
            ("t.csv", &b""[..], "it is empty"),
            ("t.csv", b"file,kind\na,invoice\n", "there is no column `path`"),
            ("t.csv", b"path,art\na,invoice\n", "no column is a task"),
            (
                "t.csv",
                b"path,kind\na,invoice,x\n",
                "line 2: found record with 3 fields, but the first line has 2 fields; a cell with `,`",
            ),
            (
                "t.tsv",
                b"path\tkind\na\n",
                "line 2: found record with 1 field, but the first line has 2 fields; a tab is needed",
            ),
            ("t.csv", b"path,kind\na,\"invoice\n", "line 2: a quote is opened"),
            (
                "t.xlsx",
                b"PK\x03\x04--------------------------[Content_Types].xml",
                "it is an Excel workbook; save it as CSV",
            ),
            ("t.csv", b"PK\x03\x04--------------------------labels.csv", "it is a ZIP archive"),
            ("t.csv.gz", b"\x1f\x8b\x08\0", "it is compressed with gzip"),
            ("t.csv", b"PAR1\x15\0PAR1", "its name has to end with .parquet"),
            (
                "t.json",
                b"[{\"path\": \"a\", \"kind\": \"invoice\"}]",
                "it is a JSON list; write one object on each line",
            ),
            ("t.jsonl", b"[\n  {\"path\": \"a\"}\n]\n", "it is a JSON list; write one object on each line"),
            ("t.json", b"{\"path\": \"a\", \"kind\": \"invoice\"}\n", "name the file .jsonl"),
        ] {
            let fault = read(name, content).unwrap_err();
            assert!(fault.contains(reason), "{fault:?} says {reason:?}");
        }
    }
}
