//! What exchanges become.

use super::*;
use crate::base::usage::Usage;
use crate::manifest::{Label, Task, TaskKind};
use crate::provider::form::parameter::{Parameter, Parameters};
use crate::task::compile;

fn failed(verdict: Verdict) -> ReplyEnd {
    ReplyEnd::Error(Box::new(ErrorJudgement::naming_nothing(verdict, Charge::Nothing)))
}

#[test]
fn the_end_of_a_reply_decides_its_verdict() {
    let usage = Usage { input: 10, output: 5, ..Usage::default() };
    let error = Verdict::later(Obstacle::Other, "busy");
    for (end, usage, expected, charge, has_content) in [
        (ReplyEnd::Finished, Some(usage), "done", Charge::Reported(usage), true),
        (ReplyEnd::Length, None, "done, cut", Charge::Unknown, true),
        (ReplyEnd::ReasoningExhausted, Some(usage), "retry capability", Charge::Reported(usage), true),
        (ReplyEnd::Repetition, Some(usage), "done, repeated", Charge::Reported(usage), true),
        (ReplyEnd::Recitation, Some(usage), "page recitation", Charge::Reported(usage), true),
        (ReplyEnd::ContentFilter, Some(usage), "page content_filter", Charge::Reported(usage), true),
        (ReplyEnd::Refusal("no".into()), Some(usage), "page refusal", Charge::Reported(usage), true),
        (ReplyEnd::Refusal(String::new()), None, "page refusal", Charge::Unknown, true),
        (ReplyEnd::Empty, Some(usage), "retry bad_reply", Charge::Reported(usage), true),
        (failed(error.clone()), Some(usage), "later", Charge::Reported(usage), false),
        (failed(error), None, "later", Charge::Unknown, false),
    ] {
        let exchange = Exchange::from_reply(
            Reply {
                content: "{}".into(),
                reasoning: String::new(),
                usage,
                end: end.clone(),
                has_stated_end: true,
                served: Served::default(),
                is_of_api: true,
                late_error: None,
            },
            &[],
            &SentForm::first(),
        );
        let name = match &exchange.verdict {
            Verdict::Done { cut: Cut::No, .. } => "done".to_owned(),
            Verdict::Done { cut: Cut::Length, .. } => "done, cut".to_owned(),
            Verdict::Done { cut: Cut::Repetition, .. } => "done, repeated".to_owned(),
            Verdict::Retry(fault) => format!("retry {}", fault.kind),
            Verdict::Page(fault) => format!("page {}", fault.kind),
            Verdict::Later { .. } => "later".to_owned(),
            Verdict::Stop(_) => "stop".to_owned(),
        };
        assert_eq!((name.as_str(), exchange.charge), (expected, charge), "{end:?}");
        assert_eq!(!exchange.content.is_empty(), has_content, "{end:?}");
    }
}

#[test]
fn an_empty_reply_as_long_as_the_limit_was_reasoning() {
    let sent = SentForm { parameters: Parameters::from_list(&[Parameter::OutputLimit]), ..SentForm::first() };
    for (content, output, reasoning, expected) in [
        ("<think>Hm. The page", 100, 0, true),
        ("<think>Hm", 50, 0, false),
        ("", 100, 100, true),
        ("", 99, 0, true),
        (" ", 130, 90, true),
        ("", 60, 60, false),
        ("{}", 100, 90, false),
    ] {
        let usage = Some(Usage { input: 10, output, reasoning, ..Usage::default() });
        let (end, served) = (ReplyEnd::Finished, Served::default());
        let reply = Reply {
            content: content.into(),
            reasoning: String::new(),
            usage,
            end,
            has_stated_end: true,
            served,
            is_of_api: true,
            late_error: None,
        };
        let found = Exchange::from_reply(reply, &[], &sent).verdict;
        let is_change = matches!(&found, Verdict::Retry(fault) if fault.change == Some(CapabilityChange::OutputFactor));
        assert_eq!(is_change, expected, "{content} {output} {reasoning}");
    }
}

#[test]
fn an_answer_in_the_reasoning_counts_only_where_there_is_no_other_text() {
    let labels = ["invoice", "letter"].map(|name| Label { name: name.into(), description: None }).to_vec();
    let task = Task { name: "kind".into(), kind: TaskKind::Classify { question: None, labels } };
    let questions = compile(&[task], &[]).unwrap();
    for (content, reasoning, end, expected) in [
        ("", r#"{"kind":"letter"}"#, ReplyEnd::Finished, "letter, flagged"),
        (" \n", r#"Maybe {"kind":"letter"}. So: {"kind":"invoice"}"#, ReplyEnd::Finished, "invoice, flagged"),
        ("", r#"{"kind":"bill"}"#, ReplyEnd::Finished, "empty_reply"),
        ("", "an invoice", ReplyEnd::Finished, "empty_reply"),
        ("", "", ReplyEnd::Finished, "empty_reply"),
        ("It is one.", r#"{"kind":"letter"}"#, ReplyEnd::Finished, "not_json"),
        (r#"{"kind":"invoice"}"#, r#"{"kind":"letter"}"#, ReplyEnd::Finished, "invoice"),
    ] {
        let (content, reasoning) = (content.to_owned(), reasoning.to_owned());
        let served = Served::default();
        let reply = Reply {
            content,
            reasoning: reasoning.clone(),
            usage: None,
            end,
            has_stated_end: true,
            served,
            is_of_api: true,
            late_error: None,
        };
        let exchange = Exchange::from_reply(reply, &[&questions[0]], &SentForm::first());
        let Verdict::Done { reading, .. } = &exchange.verdict else { panic!("{exchange:?}") };
        let found = match &reading[0] {
            Ok(value) => value.as_str().unwrap_or_default(),
            Err(fault) => fault.kind.name(),
        };
        let flag = if exchange.answered_in_reasoning { ", flagged" } else { "" };
        assert_eq!(format!("{found}{flag}"), expected, "{reasoning}");
    }
    // A server that has not ended the reply may have cut the thought.
    let (content, reasoning) = (String::new(), r#"{"kind":"letter"}"#.to_owned());
    let served = Served::default();
    let end = ReplyEnd::Finished;
    let reply = Reply {
        content,
        reasoning,
        usage: None,
        end,
        has_stated_end: false,
        served,
        is_of_api: true,
        late_error: None,
    };
    let exchange = Exchange::from_reply(reply, &[&questions[0]], &SentForm::first());
    assert!(!exchange.answered_in_reasoning, "{exchange:?}");
}

#[test]
fn a_reply_that_the_server_finds_not_valid_is_one() {
    let usage = Usage { input: 10, output: 5, ..Usage::default() };
    let verdict = Verdict::transient(ErrorKind::NotJson, "Failed to generate JSON.");
    let judged = ErrorJudgement::naming_nothing(verdict, Charge::Unknown);
    let end = ReplyEnd::Error(Box::new(ErrorJudgement { invalid_reply: Some(String::new()), ..judged }));
    let content = "{\"kind\": \"inv".to_owned();
    let (reasoning, served) = (String::new(), Served::default());
    let reply = Reply {
        content,
        reasoning,
        usage: Some(usage),
        end,
        has_stated_end: true,
        served,
        is_of_api: true,
        late_error: None,
    };
    let exchange = Exchange::from_reply(reply, &[], &SentForm::first());
    assert_eq!(exchange.verdict, Verdict::Done { reading: Vec::new(), cut: Cut::No });
    assert_eq!((exchange.content.as_str(), exchange.charge), ("{\"kind\": \"inv", Charge::Reported(usage)));
}

#[test]
fn an_error_instead_of_a_reply_is_free() {
    let later = || Verdict::later(Obstacle::Other, "");
    let broken = || Verdict::transient(ErrorKind::ServerError, "");
    for (content, reasoning, verdict, charge) in [
        ("", "", later(), Charge::Nothing),
        ("", "", Verdict::stop("", ""), Charge::Nothing),
        ("", "", broken(), Charge::Unknown),
        ("{", "", later(), Charge::Unknown),
        ("", "hm", later(), Charge::Unknown),
    ] {
        let reply = Reply {
            content: content.into(),
            reasoning: reasoning.into(),
            usage: None,
            end: failed(verdict.clone()),
            has_stated_end: true,
            served: Served::default(),
            is_of_api: true,
            late_error: None,
        };
        assert_eq!(Exchange::from_reply(reply, &[], &SentForm::first()).charge, charge, "{verdict:?}");
    }
}
