//! Which pages are shown, and in which order.

use super::client::{Served, reviewed_job};
use crate::bench::{Bench, page};
use serde_json::{Value, json};

fn paths(pages: &[Value]) -> Vec<String> {
    pages.iter().map(|page| page["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_view_is_read_in_windows() {
    let bench = reviewed_job(30, "");
    let served = Served::start(&bench, &[]);
    let all = served.pages("limit=100");
    assert_eq!(all.len(), 30);
    let names: Vec<&str> = all.iter().map(|page| page["page"].as_str().unwrap()).collect();
    let window = |query: &str| {
        let found = served.json(&format!("/api/pages?{query}"));
        let pages: Vec<String> =
            found["pages"].as_array().unwrap().iter().map(|page| page["page"].as_str().unwrap().to_owned()).collect();
        (found["first"].as_u64().unwrap(), pages)
    };
    assert_eq!(
        window(&format!("limit=3&after={}", names[4])),
        (6, names[5..8].iter().map(|name| (*name).to_owned()).collect())
    );
    assert_eq!(
        window(&format!("limit=2&before={}", names[4])),
        (3, names[2..4].iter().map(|name| (*name).to_owned()).collect())
    );
    assert_eq!(window(&format!("at={}", names[9])), (10, vec![names[9].to_owned()]));
    assert_eq!(window(&format!("after={}", names[29])), (0, vec![]));
    assert_eq!(served.json("/api/pages")["total"], 30);
    for at in [0, 1, 3] {
        served.decide(&all[at], "kind", json!("form"));
    }
    let next = |after: usize| window(&format!("task=kind&next=1&after={}", names[after])).1;
    assert_eq!((next(0), next(2)), (vec![names[2].to_owned()], vec![names[4].to_owned()]));
    assert_eq!(next(29), [names[2]], "from the beginning again");
    served.post("/api/skip", &json!({"skips": [{"page": names[2], "task": "kind"}]}));
    assert_eq!(next(0), [names[4]], "skipped pages are left out");
    assert_eq!(window("task=kind&state=skipped&limit=9").1, [names[2]]);
    assert_eq!(window("task=kind&state=decided&limit=9").1, [names[0], names[1], names[3]]);
    assert_eq!(served.json("/api/pages?task=kind&state=undecided")["total"], 26);
}

#[test]
fn pages_are_filtered_by_answer_status_and_carried_column() {
    let bench = reviewed_job(24, "");
    let served = Served::start(&bench, &[]);
    let filters = served.json("/api/filters?task=kind");
    let labels = filters["labels"].as_array().unwrap();
    let total: u64 = labels.iter().map(|label| label["n"].as_u64().unwrap()).sum();
    let statuses: u64 = filters["statuses"].as_array().unwrap().iter().map(|one| one["n"].as_u64().unwrap()).sum();
    assert_eq!((total <= 24, statuses), (true, 24));
    for label in labels {
        let key: String = url::form_urlencoded::byte_serialize(label["key"].as_str().unwrap().as_bytes()).collect();
        let found = served.json(&format!("/api/pages?mode=grid&task=kind&limit=100&label={key}"));
        assert_eq!(found["total"], label["n"]);
        let pages = found["pages"].as_array().unwrap();
        assert!(pages.iter().all(|page| page["tasks"]["kind"]["answer"]["value"] == label["value"]), "{label}");
    }
    assert_eq!(served.json("/api/pages?status=refused")["total"], 0);
    assert_eq!(served.json("/api/pages?label=%22none%22")["total"], 0);
    for order in ["random", "label", "suspected", "disagreement", "cost"] {
        let once = paths(&served.pages(&format!("limit=100&order={order}")));
        assert_eq!(once.len(), 24, "{order}");
        assert_eq!(once, paths(&served.pages(&format!("limit=100&order={order}"))), "{order} is always the same");
    }
}

#[test]
fn equal_pages_are_shown_once_and_lists_carry_values() {
    let bench = Bench::with_pages(3);
    bench.put("pages/copy.jpg", &page(0));
    bench.put("pages/broken.jpg", b"not a picture");
    let hostile = "<script>alert(1)</script>";
    bench.put("list.csv", format!("path,customer\npages/00000.jpg,{hostile}\npages/00001.jpg,B\npages/copy.jpg,{hostile}\npages/broken.jpg,C\n").as_bytes());
    bench.put(
        "job.yaml",
        b"version: 1\nname: test\ninput: {list: list.csv}\nprovider: {simulator: {}, model: m}\n\
          tasks: {kind: {classify: {labels: [invoice, '<b>letter</b>']}}}\nstore: store.db\noutput: {jsonl: out.jsonl}\non_error: {max_failed: 100%}\n",
    );
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let served = Served::start(&bench, &[]);
    let job = served.json("/api/job");
    assert_eq!((&job["pages"], &job["unreadable"]), (&json!(2), &json!(1)));
    let labels = &job["tasks"][0]["editor"]["labels"];
    assert_eq!(labels[1]["name"], "<b>letter</b>", "texts are sent as they are, and shown as text");
    let value: String = url::form_urlencoded::byte_serialize(json!(hostile).to_string().as_bytes()).collect();
    let found = served.pages(&format!("limit=9&column=customer&value={value}"));
    assert_eq!(paths(&found), ["pages/00000.jpg"]);
    assert_eq!(found[0]["carried"]["customer"], hostile);
    served.decide(&found[0], "kind", json!("<b>letter</b>"));
    assert_eq!(bench.docmill(&["export", "job.yaml"]).code, 0);
    let rows = bench.rows();
    let answer = |path: &str| rows.iter().find(|row| row["path"] == path).unwrap()["kind"].clone();
    assert_eq!((answer("pages/00000.jpg"), answer("pages/copy.jpg")), (json!("<b>letter</b>"), json!("<b>letter</b>")));
}

#[test]
fn a_question_that_names_a_column_is_decided_on_for_each_value() {
    let bench = Bench::with_pages(1);
    bench.put("list.csv", b"path,customer\npages/00000.jpg,A\npages/00000.jpg,B\n");
    bench.put(
        "job.yaml",
        b"version: 1\nname: test\ninput: {list: list.csv}\nprovider: {simulator: {}, model: m}\n\
          tasks: {theirs: {question: {text: 'Is it from {customer}?', type: boolean}}}\nstore: store.db\noutput: {jsonl: out.jsonl}\n",
    );
    assert_eq!(bench.run(&[]).code, 0);
    let served = Served::start(&bench, &[]);
    let pages = served.pages("limit=9");
    assert_eq!(pages.len(), 2, "the same page, asked twice");
    let of = |customer: &str| pages.iter().find(|page| page["carried"]["customer"] == customer).unwrap();
    served.decide(of("A"), "theirs", json!(true));
    assert_eq!(served.json("/api/progress")["tasks"][0]["decided"], 1);
    served.decide(of("B"), "theirs", json!(false));
    assert_eq!(bench.docmill(&["export", "job.yaml"]).code, 0);
    let answers: Vec<Value> = bench.rows().iter().map(|row| row["theirs"].clone()).collect();
    assert_eq!(answers, [true, false]);
}

#[test]
fn pages_on_which_a_reviewer_and_the_model_differ_come_first() {
    let bench = reviewed_job(12, "");
    let served = Served::start(&bench, &["--show"]);
    let pages = served.pages("task=*&limit=100");
    let answer = |page: &Value, task: &str| page["tasks"][task]["answer"]["value"].clone();
    let answered = |task: &str| -> Vec<Value> {
        pages.iter().filter(|page| !answer(page, task).is_null()).skip(4).take(2).cloned().collect()
    };
    let mut expected = Vec::new();
    for (task, other) in
        [("kind", json!("other")), ("marks", json!(["seal", "logo", "stamp"])), ("sum", json!(-12345.5))]
    {
        let [same, differs] = answered(task).try_into().unwrap();
        served.decide(&same, task, answer(&same, task));
        let other = if answer(&differs, task) == other { json!("form") } else { other };
        served.decide(&differs, task, other);
        expected.push((task, paths(&[differs])));
    }
    drop(served);
    for (task, first) in expected {
        // On a server that has not been asked anything before.
        let served = Served::start(&bench, &["--show", "--order", "disagreement"]);
        let found = paths(&served.pages(&format!("task={task}&order=disagreement&limit=100")));
        assert_eq!((&found[..1], found.len()), (&first[..], 12), "{task}");
    }
}
