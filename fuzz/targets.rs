//! Invariants that must hold for any input from outside, whatever its bytes. Fuzzers run
//! these targets. The test suite runs them on the corpora and on modified copies.

use docmill::internal::export::RowSpec;
use docmill::internal::manifest::{self, Job};
use docmill::internal::media::{Document, check_complete, probe};
use docmill::internal::provider::{Charge, Verdict, offline_replies};
use docmill::internal::select::{Filter, FilterColumns};
use docmill::internal::source::Entries;
use docmill::internal::task::{Question, check_value, compile, read_reply};
use std::path::Path;
use std::time::Duration;

/// A target and its name.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All targets. Each has a corpus with its name.
pub(crate) const TARGETS: &[Target] = &[
    ("manifest", manifest),
    ("reply", reply),
    ("stream", stream),
    ("error_body", error_body),
    ("limit_headers", limit_headers),
    ("image_header", image_header),
    ("jpeg_data", jpeg_data),
    ("list", list),
    ("filter", filter),
];

/// 2026-11-23T13:00:00Z.
const NOW_MS: i64 = 1_795_438_800_000;

/// A manifest either loads, or gives an error message without terminal escapes.
pub(crate) fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match manifest::check(Path::new("job.yaml"), text, &|_| None) {
        Ok(job) => {
            // The questions compile, or give an error.
            let _ = compile(&job.tasks, &[]);
            assert!(!job.tasks.is_empty() && job.retry.attempts > 0, "a job without work: {text:?}");
        }
        Err(error) => {
            let words = error.to_string();
            assert!(!words.is_empty());
            assert!(!words.contains('\u{1b}'), "terminal escape in the message: {words:?}");
        }
    }
}

const JOB: &str = "version: 1\nname: x\ninput: {folder: .}\nprovider: {simulator: {}, model: m}\ntasks:\n  kind: {classify: {labels: [invoice, letter, form], other: true}}\n  marks: {tag: {labels: [stamp, logo, seal], max: 2}}\n  total: {question: {text: What is the total?, type: number}}\n  day: {question: {text: When?, type: date}}\n  words: {question: {text: What does it say?, type: text, required: true}}\n";

thread_local! {
    static QUESTIONS: Vec<Question> = questions();
}

fn questions() -> Vec<Question> {
    let job: Job = manifest::check(Path::new("job.yaml"), JOB, &|_| None).expect("the job is valid");
    compile(&job.tasks, &[]).expect("its tasks are valid")
}

/// Every accepted answer is within the allowed values and is its own canonical form.
pub(crate) fn reply(data: &[u8]) {
    QUESTIONS.with(|questions| check_reply(data, &questions.iter().collect::<Vec<_>>()));
}

fn check_reply(data: &[u8], questions: &[&Question]) {
    let reading = read_reply(&String::from_utf8_lossy(data), questions);
    assert_eq!(reading.len(), questions.len());
    for (answer, question) in reading.iter().zip(questions) {
        let Ok(value) = answer else { continue };
        match question.name.as_str() {
            "kind" => assert!(["invoice", "letter", "form", "other"].contains(&value.as_str().expect("a label"))),
            "marks" => {
                let labels = value.as_array().expect("a list");
                let known =
                    |label: &serde_json::Value| ["stamp", "logo", "seal"].contains(&label.as_str().unwrap_or_default());
                assert!(labels.len() <= 2 && labels.iter().all(known), "{value}");
            }
            "total" => assert!(value.is_null() || value.as_f64().is_some_and(f64::is_finite), "{value}"),
            "words" => {
                let text = value.as_str().expect("a text");
                assert!(!text.is_empty() && text.chars().count() <= 32_767);
                assert!(!text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)), "{text:?}");
            }
            _ => {}
        }
        assert_eq!(check_value(&question.shape, value).as_ref(), Ok(value), "an answer is its own canonical form");
    }
}

/// The result does not depend on where a stream is split.
pub(crate) fn stream(data: &[u8]) {
    let whole = offline_replies::stream([data]);
    let step = data.first().map_or(1, |byte| usize::from(*byte % 7) + 1);
    assert_eq!(offline_replies::stream(data.chunks(step)), whole);
}

/// An error gives a message of bounded length without control characters, and a bounded wait.
pub(crate) fn error_body(data: &[u8]) {
    let (status, body) = match data {
        [high, low, body @ ..] => (300 + u16::from_be_bytes([*high, *low]) % 300, body),
        short => (500, short),
    };
    let exchange = offline_replies::judge_error(status, "", &String::from_utf8_lossy(body), NOW_MS);
    let message = match &exchange.verdict {
        Verdict::Done { .. } => panic!("an error must not be accepted as an answer"),
        Verdict::Retry(fault) => &fault.message,
        Verdict::Page(fault) => &fault.message,
        Verdict::Stop(refusal) => &refusal.message,
        Verdict::Later { message, after, .. } => {
            assert!(after.is_none_or(|after| after <= Duration::from_secs(7 * 86_400)));
            message
        }
    };
    assert!(message.chars().count() <= 400, "{message}");
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert!(!matches!(exchange.charge, Charge::Reported(_)));
}

/// Rate limits and waits from headers are within sane bounds.
pub(crate) fn limit_headers(data: &[u8]) {
    let headers = String::from_utf8_lossy(data);
    let exchange = offline_replies::judge_error(429, &headers, "", NOW_MS);
    if let Verdict::Later { after: Some(after), .. } = exchange.verdict {
        assert!(after <= Duration::from_secs(7 * 86_400));
    }
    for limit in [exchange.rate_limits.requests, exchange.rate_limits.tokens].into_iter().flatten() {
        assert!(limit.limit > 0 && limit.limit < 1 << 50);
    }
}

/// A file either gives an error, or its page count and sizes are within bounds.
pub(crate) fn image_header(data: &[u8]) {
    let Ok(document) = Document::open(bytes::Bytes::copy_from_slice(data)) else { return };
    let layout = document.layout();
    assert!(layout.count > 0);
    assert!(layout.repeats.is_sorted() && layout.repeats.iter().all(|(page, earlier)| earlier < page));
    assert!(layout.repeats.iter().all(|(page, earlier)| *earlier > 0 && *page <= layout.count));
    assert!(layout.earlier_numbers.iter().flatten().all(|number| *number <= layout.count));
    for page in 1..=layout.count.min(4) {
        if let Ok(probe) = document.probe(page) {
            assert!(probe.width > 0 && probe.height > 0);
            assert!(u64::from(probe.width) * u64::from(probe.height) <= 1 << 30, "{}x{}", probe.width, probe.height);
        }
    }
}

/// The data of a JPEG is complete, or gives an error; what follows its end changes nothing. A file
/// that is complete without its last byte is so with it.
pub(crate) fn jpeg_data(data: &[u8]) {
    let Ok(probe) = probe(data) else { return };
    let is_complete = check_complete(data, &probe).is_ok();
    if is_complete {
        let with_trailer = [data, b"\xFF\xD8\xFF\xC0\0"].concat();
        assert!(check_complete(&with_trailer, &probe).is_ok(), "a trailer changes nothing");
    } else if let Some((_, shorter)) = data.split_last() {
        assert!(check_complete(shorter, &probe).is_err(), "less data is not complete");
    }
}

/// A list either gives entries in order, or an error. The first byte selects the kind of
/// list.
pub(crate) fn list(data: &[u8]) {
    let (kind, data) = data.split_first().map_or((0, data), |(kind, data)| (*kind, data));
    let ending = ["csv", "tsv", "jsonl", "txt", "parquet"][usize::from(kind) % 5];
    let folder = std::env::temp_dir().join(format!("docmill-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("list.{ending}"));
    std::fs::write(&path, data).expect("a file");
    let text = JOB.replace("folder: .", &format!("list: list.{ending}"));
    let job = manifest::check(&folder.join("job.yaml"), &text, &|_| None).expect("the job is valid");
    // The list gives an error, or columns and entries.
    let Ok(entries) = docmill::internal::source::carried_columns(&job.input).and_then(|_| Entries::start(&job.input))
    else {
        return;
    };
    let mut last = 0;
    for entry in entries.take(1000) {
        match entry {
            Ok(entry) => {
                assert!(entry.line > last, "lines come in order");
                last = entry.line;
            }
            Err(_) => break,
        }
    }
}

/// An expression is a filter whose spelling is read as the same filter, or an error with a place in the text and without
/// terminal escapes.
pub(crate) fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    QUESTIONS.with(|questions| {
        let columns = FilterColumns::of_rows(&RowSpec::new(questions, &[], "m"));
        match Filter::parse(text, &columns) {
            Ok(filter) => {
                let spelled = filter.to_string();
                let again = Filter::parse(&spelled, &columns).expect("its spelling is valid");
                assert_eq!(again.to_string(), spelled, "{text:?}");
            }
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "no place in the text: {error:?}");
                let words = error.to_string();
                assert!(!words.contains('\u{1b}'), "terminal escape in the message: {words:?}");
            }
        }
    });
}
