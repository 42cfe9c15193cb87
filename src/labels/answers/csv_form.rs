//! Human answers as CSV.

use super::answer_line::{AnswerLine, AnswerValue};
use super::fault::LineFault;
use crate::base::csv_lines::{LineCounter, find_delimiter, find_open_quote};
use crate::base::sanitize::one_line;
use crate::base::spreadsheet::{escape_formula, unescape_formula};
use crate::base::text_reader::TextReader;
use crate::base::units::{parse_boolean, parse_time, rfc3339};
use crate::labels::page_number::read_page_number;
use crate::labels::probability::read_probability;
use serde_json::Value;
use std::io::{Cursor, Read};

/// The columns.
const COLUMNS: [&str; 8] = ["path", "page", "task", "value", "reviewer", "decided_at", "sampled_with", "shown"];
/// A further column of jobs whose questions name columns of a list.
const QUESTION: &str = "question";
/// Columns that have to be there.
const REQUIRED: [&str; 3] = ["path", "task", "value"];

/// The lines as CSV. `has_questions`: whether questions differ from line to line of a list.
pub(crate) fn to_csv(lines: &[(AnswerLine, Value)], has_questions: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut text);
    // Writing to memory does not fail.
    let _ = writer.write_record(COLUMNS.iter().chain(has_questions.then_some(&QUESTION)));
    for (line, _) in lines {
        let mut cells = vec![
            escape_formula(&line.path),
            line.page.to_string(),
            escape_formula(&line.task),
            escape_formula(line.cell()),
            escape_formula(line.reviewer.as_deref().unwrap_or_default()),
            line.decided_at_ms.map(rfc3339).unwrap_or_default(),
            line.sampled_with.map(|probability| probability.to_string()).unwrap_or_default(),
            line.is_shown.map(|is_shown| is_shown.to_string()).unwrap_or_default(),
        ];
        if has_questions {
            cells.push(escape_formula(line.question.as_deref().unwrap_or_default()));
        }
        let _ = writer.write_record(cells);
    }
    let _ = writer.flush();
    drop(writer);
    text
}

/// Reads lines of CSV, with commas, semicolons or tabs: each line or its fault, in the order of the file.
///
/// # Errors
/// If no line can be read.
pub(crate) fn from_csv(bytes: &[u8]) -> Result<Vec<Result<AnswerLine, LineFault>>, LineFault> {
    let file = |message: String| LineFault::malformed("line 1", message);
    let mut text = Vec::new();
    let read = TextReader::new(Cursor::new(bytes)).and_then(|mut reader| reader.read_to_end(&mut text));
    read.map_err(|error| file(error.to_string()))?;
    let delimiter = find_delimiter(text.as_slice()).map_err(|error| file(error.to_string()))?;
    if let Some(line) = find_open_quote(text.as_slice(), delimiter).map_err(|error| file(error.to_string()))? {
        return Err(LineFault::malformed(&format!("line {line}"), "a quote is opened and never closed"));
    }
    let counted = LineCounter::new(text.as_slice());
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(counted);
    let names = reader.byte_headers().map_err(|error| file(error.to_string()))?.clone();
    let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
    check_columns(&names).map_err(file)?;
    let mut lines = Vec::new();
    let mut bytes = csv::ByteRecord::new();
    while reader.read_byte_record(&mut bytes).map_err(|error| file(error.to_string()))? {
        let line = reader.get_mut().line_at(bytes.position().map_or(0, csv::Position::byte));
        let place = format!("line {line}");
        let Ok(record) = csv::StringRecord::from_byte_record(bytes.clone()) else {
            lines.push(Err(LineFault::malformed(&place, "it is not UTF-8; save the file as UTF-8")));
            continue;
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != names.len() {
            let message = format!("{} fields, but {} columns", record.len(), names.len());
            lines.push(Err(LineFault::malformed(&place, message)));
            continue;
        }
        let cell = |name: &str| {
            let position = names.iter().position(|known| known == name);
            unescape_formula(position.and_then(|position| record.get(position)).unwrap_or_default())
        };
        lines.push(read_line(&place, &cell).map_err(|message| LineFault::malformed(&place, message)));
    }
    Ok(lines)
}

/// Checks the names of columns.
fn check_columns(names: &[String]) -> Result<(), String> {
    let known = |name: &String| COLUMNS.contains(&name.as_str()) || name == QUESTION;
    if let Some(other) = names.iter().find(|name| !known(name)) {
        return Err(format!(
            "there is no column `{}` in files of human answers: they have {}",
            one_line(other, 60),
            COLUMNS.join(", ")
        ));
    }
    let repeated = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|earlier| earlier == *name));
    if let Some((_, name)) = repeated {
        return Err(format!("the column `{name}` occurs twice"));
    }
    match REQUIRED.iter().find(|name| !names.iter().any(|known| known == *name)) {
        Some(missing) => Err(format!("the column `{missing}` is missing")),
        None => Ok(()),
    }
}

fn read_line<'a>(place: &str, cell: &dyn Fn(&str) -> &'a str) -> Result<AnswerLine, String> {
    let optional = |name: &str| Some(cell(name).trim()).filter(|text| !text.is_empty());
    let page = match optional("page") {
        None => 1,
        Some(text) => read_page_number(&Value::from(text))
            .ok_or_else(|| format!("page: `{}` is not the number of a page", one_line(text, 40)))?,
    };
    let sampled_with = optional("sampled_with").map(|text| read_probability(&Value::from(text)));
    let is_shown = optional("shown").map(|text| {
        parse_boolean(text).ok_or_else(|| format!("shown: `{}` is neither true nor false", one_line(text, 40)))
    });
    let decided_at_ms =
        optional("decided_at").map(|text| parse_time(text).map_err(|error| format!("decided_at: {error}")));
    Ok(AnswerLine {
        place: place.to_owned(),
        path: cell("path").to_owned(),
        page,
        task: cell("task").trim().to_owned(),
        question: Some(cell(QUESTION)).filter(|text| !text.is_empty()).map(str::to_owned),
        value: AnswerValue::Text(cell("value").to_owned()),
        reviewer: optional("reviewer").map(str::to_owned),
        decided_at_ms: decided_at_ms.transpose()?,
        sampled_with: sampled_with.transpose()?,
        is_shown: is_shown.transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn line(path: &str, value: &str) -> AnswerLine {
        AnswerLine {
            place: String::new(),
            path: path.into(),
            page: 2,
            task: "kind".into(),
            question: None,
            value: AnswerValue::Text(value.into()),
            reviewer: Some("ann".into()),
            decided_at_ms: Some(1_795_438_800_123),
            sampled_with: Some(0.25),
            is_shown: Some(true),
        }
    }

    fn lines(text: &[u8]) -> Vec<AnswerLine> {
        from_csv(text).unwrap().into_iter().map(Result::unwrap).collect()
    }

    fn faults(text: &str) -> Vec<String> {
        match from_csv(text.as_bytes()) {
            Ok(lines) => lines.into_iter().filter_map(Result::err).map(|fault| fault.to_string()).collect(),
            Err(fault) => vec![fault.to_string()],
        }
    }

    #[test]
    fn the_columns_are_those_of_the_contract() {
        let text = to_csv(&[(line("a.jpg", "letter"), json!("letter"))], false);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "path,page,task,value,reviewer,decided_at,sampled_with,shown\r\n\
             a.jpg,2,kind,letter,ann,2026-11-23T13:00:00.123Z,0.25,true\r\n"
        );
    }

    #[test]
    fn only_path_task_and_value_are_needed() {
        for (text, is_shown) in [
            ("task,path,value\nkind,a.jpg,letter\n", None),
            ("\u{feff}task;path;value\r\nkind;a.jpg;letter\r\n;;\r\n", None),
            ("path,task,value,shown\na.jpg,kind,letter, \n", None),
            ("Task\tPATH \tvalue\tshown\nkind\ta.jpg\tletter\tNo", Some(false)),
            ("Task\tPATH \tvalue\tshown\nkind\ta.jpg\tletter\ty", Some(true)),
        ] {
            let expected = AnswerLine {
                place: "line 2".into(),
                page: 1,
                reviewer: None,
                decided_at_ms: None,
                sampled_with: None,
                is_shown,
                ..line("a.jpg", "letter")
            };
            assert_eq!(lines(text.as_bytes()), [expected], "{text:?}");
        }
    }

    #[test]
    fn all_faults_are_found_with_their_lines() {
        let text = "path,page,task,value,decided_at,sampled_with,shown\n\
            a.jpg,x,kind,letter,,,\n\
            \"a\nb.jpg\",1,kind,letter,yesterday,,\n\
            \n\
            a.jpg,1,kind,letter,,1.5,\n\
            a.jpg,1,kind,letter,,,maybe\n\
            a.jpg,1,kind\n\
            a.jpg,1,kind,letter,,,\n";
        assert_eq!(
            faults(text),
            [
                "line 2: page: `x` is not the number of a page",
                "line 3: decided_at: `yesterday` is not a valid time; use a form such as 2026-11-23 or 2026-11-23T13:00:00Z",
                "line 6: sampled_with: expected a probability above 0 and at most 1, found \"1.5\"; write 1.5% if it is in percent",
                "line 7: shown: `maybe` is neither true nor false",
                "line 8: 3 fields, but 7 columns",
            ]
        );
        assert_eq!(faults("path,task,value,Value \na,kind,x,y\n"), ["line 1: the column `value` occurs twice"]);
        assert_eq!(faults("path,task,value\ra,kind,x\r\rb,kind\r"), ["line 4: 2 fields, but 3 columns"]);
        assert_eq!(
            faults("path,task,value\na,kind,x\nb,kind,\"y\nc,kind,z\n"),
            ["line 3: a quote is opened and never closed"]
        );
        assert_eq!(faults("path,value\n"), ["line 1: the column `task` is missing"]);
        assert!(faults("path,page,kind\n")[0].starts_with("line 1: there is no column `kind` in files of human"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            path in "[a'=+/ \"\n,;-]{1,8}",
            reviewer in "[=@a][a ,]{0,4}[a]",
            probability in prop::option::of(0.0001_f64..=1.0),
            is_shown in prop::option::of(prop::bool::ANY),
        ) {
            let line = AnswerLine { place: "line 2".into(), reviewer: Some(reviewer), sampled_with: probability, is_shown, ..line(&path, &path) };
            let text = to_csv(&[(line.clone(), json!(path))], false);
            prop_assert_eq!(lines(&text), vec![line]);
        }
    }
}
