//! Lists as other programs write them: encodings, empty rows, names of columns and of files.

use crate::bench::{Bench, page};
use docmill::internal::simulator::Options;
use serde_json::{Value, json};

fn list_job(bench: &Bench, input: &str) {
    bench.job("on_error: {max_failed: 100%}");
    bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", input).as_bytes());
}

fn column(bench: &Bench, name: &str) -> Vec<Value> {
    bench.rows().iter().map(|row| row[name].clone()).collect()
}

fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
    let bytes = |unit: u16| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn encodings_and_empty_rows_of_every_format() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.put("pages/é.jpg", &page(0));
    for (name, text) in [
        ("l.txt", "pages/é.jpg\r\n\r\n \t \r\npages/00000.jpg \r\n"),
        ("l.csv", "path,c_who\r\npages/é.jpg,x\r\n,\r\n\r\n  \r\n,,,\r\n pages/00000.jpg ,y\r\n,\r\n"),
        ("l.tsv", "path\tc_who\npages/é.jpg\tx\n\t\npages/00000.jpg\ty\n"),
        ("l.jsonl", "{\"path\":\"pages/é.jpg\"}\r\n\r\n{}\r\n{\"path\":null}\r\n{\"path\":\" pages/00000.jpg\"}\r\n"),
    ] {
        list_job(&bench, &format!("list: {name}"));
        for content in
            [text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes(), utf16(text, false), utf16(text, true)]
        {
            bench.put(name, &content);
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
            assert_eq!(column(&bench, "path"), ["pages/é.jpg", "pages/00000.jpg"], "{name}");
            assert_eq!(column(&bench, "status"), ["ok", "ok"], "{name}");
        }
    }
    assert_eq!(bench.stats()["requests"], 1, "equal pages");
    // A row with other values is a page that can't be found, and is not lost.
    bench.put("l.csv", b"path,c_who\npages/00000.jpg,x\n,y\n");
    list_job(&bench, "list: l.csv");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(column(&bench, "c_who"), ["x", "y"]);
    assert_eq!(column(&bench, "error_kind"), [Value::Null, "read_failed".into()]);
}

#[test]
fn blanks_belong_to_a_path_only_if_there_is_such_a_file() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for (name, seed) in [("pages/a.jpg", 1), ("pages/b.jpg", 2), ("pages/b.jpg ", 3)] {
        bench.put(name, &page(seed));
    }
    bench.put("l.txt", b"  pages/a.jpg\t\npages/b.jpg \npages/b.jpg\n");
    list_job(&bench, "list: l.txt");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(column(&bench, "path"), ["pages/a.jpg", "pages/b.jpg ", "pages/b.jpg"]);
    assert_eq!(bench.stats()["requests"], 3);
    // White space of Unicode, and the byte order marks of files that were joined.
    for (name, text) in [
        ("l.txt", "\u{a0}pages/a.jpg\u{3000}\n\u{a0}\n\u{feff}pages/b.jpg\n"),
        ("l.csv", "\u{a0}path,n\n\u{a0}pages/a.jpg,1\n\u{a0},\u{3000}\n\u{feff}pages/b.jpg,2\n"),
        (
            "l.jsonl",
            "{\"path\":\"\u{a0}pages/a.jpg\"}\n\u{a0}\n{\"path\":\"\u{a0}\"}\n\u{feff}{\"path\":\"pages/b.jpg\"}\n",
        ),
    ] {
        bench.put(name, text.as_bytes());
        list_job(&bench, &format!("list: {name}, carry: []"));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_eq!(column(&bench, "path"), ["pages/a.jpg", "pages/b.jpg"], "{name}");
        assert_eq!(bench.stats()["requests"], 3, "{name}");
    }
}

#[test]
fn columns_are_renamed_and_faults_show_how() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.put("l.csv", "File,Invoice No.,status,Größe\npages/00000.jpg,7,open,A4\n".as_bytes());
    list_job(&bench, "list: l.csv, path_column: File");
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 2);
    let rename = r#"input.rename: {"Invoice No.": invoice_no, "status": list_status, "Größe": gro_e}"#;
    for text in ["l.csv", "the column `Invoice No.` (column 2) has a name", "`status` (column 3)", rename] {
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
    // The suggestion can be pasted.
    let rename = rename.trim_start_matches("input.");
    list_job(&bench, &format!("list: l.csv, path_column: File, {rename}"));
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let row = &bench.rows()[0];
    assert_eq!((&row["invoice_no"], &row["list_status"], &row["gro_e"]), (&json!("7"), &json!("open"), &json!("A4")));
    assert!(bench.text("out.csv").starts_with("path,page,invoice_no,list_status,gro_e,status,"));
    // The paths, other formats, and names in questions.
    bench.put("l.jsonl", br#"{"File":"pages/00000.jpg","Invoice No.":7}"#);
    list_job(&bench, r#"list: l.jsonl, rename: {File: path, "Invoice No.": invoice_no}, carry: [invoice_no]"#);
    let tasks = "tasks: {ours: {question: {text: \"Is this {invoice_no}?\", type: boolean, required: true}}}";
    let job = bench.text("job.yaml").replace(crate::bench::TASKS, tasks);
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!((&bench.rows()[0]["path"], &bench.rows()[0]["invoice_no"]), (&json!("pages/00000.jpg"), &json!(7)));
    for (rename, fault) in [
        ("{Nr: nr}", "error: job.yaml:3:52: the list l.jsonl: input.rename names the unknown column `Nr`"),
        ("{\"Invoice No.\": Nr}", "job.yaml:3:"),
        ("{\"Invoice No.\": status}", "`status` has the name of a column of every row"),
    ] {
        list_job(&bench, &format!("list: l.jsonl, path_column: File, rename: {rename}"));
        let ran = bench.docmill(&["check", "job.yaml"]);
        assert!(ran.code == 2 && ran.stderr.contains(fault), "{}", ran.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_of_files_are_found_in_both_forms_of_accents() {
    let (composed, decomposed) = ("gr\u{f6}\u{df}e", "gro\u{308}\u{df}e");
    for (on_disk, in_list) in [(composed, decomposed), (decomposed, composed)] {
        let bench = Bench::with_pages(0).simulator(Options::default());
        bench.put(&format!("{on_disk}/{on_disk}.jpg"), &page(1));
        bench.put("l.txt", format!("{in_list}/{in_list}.jpg\n").as_bytes());
        list_job(&bench, "list: l.txt");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(column(&bench, "path"), [format!("{in_list}/{in_list}.jpg")], "as the list has it");
        assert_eq!(column(&bench, "status"), ["ok"]);
        assert_eq!(bench.docmill(&["check", "job.yaml"]).stdout.matches("missing").count(), 0);
        // A folder, and globs.
        list_job(&bench, &format!("folder: {in_list}, include: [\"**/{in_list}.*\"]"));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(column(&bench, "path"), [format!("{on_disk}.jpg")], "as the file system has it");
        assert_eq!(bench.stats()["requests"], 1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_two_files_have_one_path_in_rows() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::with_pages(0).simulator(Options::default());
    for (name, seed) in [(&b"a\xff.jpg"[..], 1), (b"a%FF.jpg", 2), (b"a%25FF.jpg", 3), (b"a%20b.jpg", 4)] {
        let path = bench.path("pages").join(std::ffi::OsStr::from_bytes(name));
        std::fs::copy(
            {
                bench.put("x", &page(seed));
                bench.path("x")
            },
            path,
        )
        .unwrap();
    }
    bench.job("");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(column(&bench, "path"), ["a%20b.jpg", "a%2525FF.jpg", "a%25FF.jpg", "a%FF.jpg"]);
}

#[test]
fn labels_that_are_nothing_are_faults_at_their_place() {
    let bench = Bench::with_pages(1);
    bench.put("labels.csv", b"label,description\na,A.\n,\n~,x\n, y\n");
    for (labels, faults) in [
        ("labels: [~, a]", &["8:36: `~` is not a valid label"][..]),
        ("labels: [a, \"\", b]", &["8:39: `` is not a valid label"]),
        (
            "labels: [a, ' b', '\u{200b}']",
            &["8:39: ` b` is not a valid label", "8:45: `\u{200b}` is not a valid label"],
        ),
        ("labels: {a: x, ~: y}", &["8:42: `~` is not a valid label"]),
        ("labels: {\"\": x, a: y}", &["8:36: `` is not a valid label"]),
        (
            "labels_file: labels.csv",
            &["`~` is not a valid label (labels.csv, line 4)", "`` is not a valid label (labels.csv, line 5)"],
        ),
    ] {
        bench.job(&format!("tasks: {{kind: {{classify: {{{labels}}}}}}}"));
        let ran = bench.docmill(&["check", "job.yaml"]);
        assert_eq!(ran.code, 2, "{labels}");
        for fault in faults {
            assert!(ran.stderr.contains(fault), "{labels}: {}", ran.stderr);
        }
        assert_eq!(ran.stderr.matches("error: ").count(), faults.len(), "{}", ran.stderr);
    }
}
