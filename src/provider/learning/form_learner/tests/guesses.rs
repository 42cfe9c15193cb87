//! Errors with a fixed text, and errors that name nothing.

use super::*;

/// Some servers name the same parameters for every request, and not all that they reject.
#[test]
fn an_error_with_a_fixed_text_is_searched_beyond_what_it_names() {
    use CapabilityChange::{Omit, WeakerFormat};
    let sends = |sent: &SentForm, parameter| sent.capabilities.sends(parameter);
    let format = |sent: &SentForm| sent.capabilities.format != ReplyFormat::Plain;
    let temperature = Omit(Parameter::Temperature);
    let cases: &[(&[CapabilityChange], &str, Rejects<'_>)] = &[
        (&[temperature], "temperature plain", &|sent| sends(sent, Parameter::Temperature) || format(sent)),
        (&[temperature], "temperature system_message", &|sent| {
            sends(sent, Parameter::Temperature) || sends(sent, Parameter::SystemMessage)
        }),
        (&[WeakerFormat, temperature], "temperature stream plain", &|sent| {
            sends(sent, Parameter::Temperature) || sends(sent, Parameter::Stream) || format(sent)
        }),
        (&[temperature], "temperature renamed", &|sent| {
            sends(sent, Parameter::Temperature) || !sent.capabilities.max_completion_tokens
        }),
        // It is not even what the server rejects.
        (&[Omit(Parameter::Thinking)], "temperature", &|sent| sends(sent, Parameter::Temperature)),
    ];
    for (named, expected, rejects) in cases {
        let refuse = |sent: &SentForm| {
            let fault = TransientFault {
                kind: ErrorKind::Capability,
                message: NAMED.to_owned(),
                change: named.first().copied(),
                may_run: false,
            };
            let otherwise = (Verdict::page_fault(ErrorKind::BadRequest, NAMED), Charge::Nothing);
            let plain = ErrorJudgement::naming_nothing(Verdict::Retry(fault), Charge::Nothing);
            let judgement = ErrorJudgement { named_changes: named.to_vec(), otherwise, ..plain };
            rejects(sent).then(|| judgement.in_view_of(sent).0)
        };
        let server = Server { rejects: &refuse };
        let (learner, mut known) = (FormLearner::default(), Capabilities::default());
        let (_, requests) = server.ask(&learner, &mut known, 1);
        assert!(requests <= 20, "{expected}: {requests}");
        let (found, requests) = server.ask(&learner, &mut known, 2);
        assert!(found == *expected && requests <= 2 && known.is_proven, "{expected}: {found} {requests}");
        assert_eq!(server.ask(&learner, &mut known, 3), ((*expected).to_owned(), 1));
    }
    // Nothing helps.
    let refuse = |_: &SentForm| Some(Verdict::page_fault(ErrorKind::BadRequest, NAMED));
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    let server = Server { rejects: &refuse };
    let (found, requests) = server.ask(&learner, &mut known, 1);
    assert!(found == "failed" && requests <= 20 && known.has_form_of(Capabilities::default()), "{found} {requests}");
    assert_eq!(server.ask(&learner, &mut known, 2), ("failed".to_owned(), 1));
}

/// Others are answered: only the pages with the error are asked in another form.
#[test]
fn a_guess_is_for_all_pages_when_a_reply_has_confirmed_it() {
    let change = CapabilityChange::Effort(Effort::ALL.into_iter().collect());
    let mut known = Capabilities::default().proven(true);
    known.effort = Some(Effort::Low);
    for is_confirmed in [false, true] {
        let learner = FormLearner::default();
        let guess = || Exchange { is_guess: true, ..rejected(change) };
        let judge = |page: u64, exchange: &Exchange| {
            let form = SentForm { page, refuted: learner.refuted(), ..sent(learner.form_for(page, known), false) };
            learner.judge(exchange, form, known, TERMS)
        };
        assert_eq!(judge(5, &guess()), FormChange::Doubted);
        assert_eq!(judge(6, &guess()), FormChange::Doubted, "two pages have met it");
        assert!(!learner.form_for(6, known).has_form_of(known), "this page is asked in another form");
        assert!([5, 7].iter().all(|page| learner.form_for(*page, known) == known));
        assert_eq!(judge(7, &done(None)), FormChange::None);
        if is_confirmed {
            let Some(form) = judge(6, &done(None)).stored() else { panic!("it is stored") };
            assert!(!form.has_form_of(known) && learner.form_for(6, form) == form);
        } else {
            assert_eq!(judge(6, &guess()), FormChange::Exhausted(change));
            assert_eq!(learner.form_for(6, known), known);
            assert!(learner.refuted().contains(change), "it is not tried again");
            assert_eq!(judge(5, &guess()), FormChange::Exhausted(change));
        }
    }
}
