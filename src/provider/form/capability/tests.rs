//! What changes after which error, and how the store keeps it.

use super::*;
use crate::provider::form::efforts::Efforts;

const OTHERS: [Parameter; 10] = [
    Parameter::Temperature,
    Parameter::OutputLimit,
    Parameter::StreamOptions,
    Parameter::Strict,
    Parameter::CacheKey,
    Parameter::CacheOptions,
    Parameter::Detail,
    Parameter::SystemMessage,
    Parameter::UniqueItems,
    Parameter::MaxItems,
];

fn efforts(names: &str) -> CapabilityChange {
    CapabilityChange::Effort(names.split_whitespace().filter_map(Effort::parse).collect())
}

#[test]
fn the_format_weakens_step_by_step() {
    let format = CapabilityChange::WeakerFormat;
    let object = Capabilities::default().with(format).unwrap();
    let plain = object.with(format).unwrap();
    assert_eq!((object.format, plain.format), (ReplyFormat::Object, ReplyFormat::Plain));
    assert_eq!(plain.with(format), None);
    assert!(object.needs_description() && plain.needs_description());
}

#[test]
fn a_schema_loses_its_bounds_before_the_format_weakens() {
    let simpler = Capabilities::default().with(CapabilityChange::SimplerSchema).unwrap();
    assert!(Parameter::BOUNDS.into_iter().all(|bound| !simpler.sends(bound)));
    assert_eq!(simpler.format, ReplyFormat::Schema);
    assert_eq!(simpler.with(CapabilityChange::SimplerSchema).unwrap().format, ReplyFormat::Object);
}

#[test]
fn a_parameter_changes_once_and_the_others_stay() {
    for parameter in OTHERS {
        let fewer = Capabilities::default().with(CapabilityChange::for_rejected(parameter)).unwrap();
        assert_eq!(fewer.with(CapabilityChange::for_rejected(parameter)), None, "{parameter:?}");
        assert!(!fewer.has_form_of(Capabilities::default()), "{parameter:?}");
        for other in OTHERS.into_iter().filter(|other| *other != parameter) {
            assert!(fewer.with(CapabilityChange::for_rejected(other)).is_some(), "{parameter:?} and {other:?}");
        }
    }
}

#[test]
fn after_eight_changes_errors_are_final() {
    let mut known = Capabilities::default();
    for parameter in OTHERS.into_iter().take(8) {
        known = known.with(CapabilityChange::for_rejected(parameter)).unwrap();
    }
    assert_eq!(known.with(CapabilityChange::for_rejected(OTHERS[8])), None);
    assert_eq!(known.with(CapabilityChange::OutputFactor), None);
}

/// A list of supported efforts is tried once; it may name one that the model rejects.
#[test]
fn an_effort_is_chosen_from_a_list_once() {
    for (model, list, first, second) in [
        ("gpt-6-luna", "low medium high", Some(Effort::Low), None),
        ("gpt-6-luna", "none low", Some(Effort::Low), None),
        ("gpt-6-astra", "medium", Some(Effort::Medium), None),
        ("gpt-6-astra", "none", Some(Effort::None), None),
        ("gpt-6-astra", "", None, None),
        ("no-such-model", "", None, None),
    ] {
        let known = Capabilities::of_model(model_facts(model));
        let Some(changed) = known.with(efforts(list)) else {
            assert_eq!((known.effort, first), (None, None), "{model}");
            continue;
        };
        assert_eq!(changed.effort, first, "{model} {list}");
        let again = changed.with(efforts(list));
        assert_eq!(again.and_then(|again| again.effort), second, "{model} {list}");
        assert_eq!(again.and_then(|again| again.with(efforts(list))), None, "{model} {list}");
    }
}

#[test]
fn thinking_is_switched_once() {
    let (disable, enable) = (CapabilityChange::DisableThinking, CapabilityChange::Omit(Parameter::Thinking));
    let off = Capabilities::default().with(disable).unwrap();
    assert!(off.disables_thinking && off.with(disable).is_none() && off.with(enable).is_none());
    let known = Capabilities::of_endpoint("dashscope.aliyuncs.com", "qwen3.8-flash");
    let on = known.with(enable).unwrap();
    assert!(!on.disables_thinking && on.with(disable).is_none());
    assert_eq!(Capabilities::default().with(enable), None, "it is not sent");
}

#[test]
fn an_output_limit_that_is_rejected_under_both_names_is_left_out() {
    let rename = |known: Capabilities| CapabilityChange::RenameOutputLimit(Some(known.limit_name()));
    let omit = CapabilityChange::Omit(Parameter::OutputLimit);
    for model in ["no-such-model", "gpt-6-luna"] {
        let known = Capabilities::of_model(model_facts(model));
        assert_eq!(known.next_change(rename(known)), rename(known), "{model}");
        let renamed = known.with(rename(known)).unwrap();
        assert_eq!(renamed.next_change(rename(renamed)), omit, "{model}");
        // Not sent, or unknown.
        for other in [rename(known), CapabilityChange::RenameOutputLimit(None)] {
            assert_eq!((renamed.next_change(other), renamed.with(other)), (other, None), "{model}");
        }
        assert_eq!(known.with(rename(renamed)), None, "{model}");
        let without = renamed.with(omit).unwrap();
        assert!(!without.sends(Parameter::OutputLimit), "{model}");
        assert_eq!((without.with(rename(without)), without.with(omit)), (None, None), "{model}");
        assert_eq!(Capabilities::parse(&without.to_json(), known), Ok(without), "{model}");
    }
}

#[test]
fn output_limits_rise_twice_and_fall() {
    let raised = Capabilities::default().with(CapabilityChange::OutputFactor).unwrap();
    let again = raised.with(CapabilityChange::OutputFactor).unwrap();
    assert_eq!((raised.output_factor, again.output_factor), (4, 16));
    assert_eq!(again.with(CapabilityChange::OutputFactor), None);
    let lower = raised.with(CapabilityChange::MaxOutput(1000)).unwrap();
    assert_eq!(lower.with(CapabilityChange::MaxOutput(1000)), None);
    assert_eq!(lower.with(CapabilityChange::MaxOutput(0)), None);
    assert_eq!(lower.with(CapabilityChange::MaxOutput(500)).unwrap().max_output, Some(500));
}

#[test]
fn what_is_known_of_families() {
    let of = |model: &str| Capabilities::of_model(model_facts(model));
    let luna = of("gpt-6-luna");
    assert!(luna.max_completion_tokens && luna.follows_schema && !luna.is_proven);
    assert_eq!(luna.effort, Some(Effort::None));
    assert_eq!(of("gpt-6-astra").effort, Some(Effort::Low));
    assert_eq!((of("gpt-4o-mini").effort, of("gpt-4o-mini").max_completion_tokens), (None, false));
    assert_eq!(of("no-such-model"), Capabilities::default());
    let host = "dashscope-intl.aliyuncs.com";
    assert!(Capabilities::of_endpoint(host, "qwen3.8-flash").disables_thinking);
    assert!(!Capabilities::of_endpoint("api.openai.com", "qwen3.8-flash").disables_thinking);
}

#[test]
fn the_store_keeps_every_change() {
    let family = Capabilities::of_model(model_facts("gpt-6-luna"));
    let mut known = family;
    for change in [
        CapabilityChange::WeakerFormat,
        CapabilityChange::Omit(Parameter::Temperature),
        efforts("low high"),
        CapabilityChange::OutputFactor,
        CapabilityChange::MaxOutput(5000),
    ] {
        known = known.with(change).unwrap().proven(true);
        assert_eq!(Capabilities::parse(&known.to_json(), Capabilities::default()), Ok(known), "{change:?}");
    }
    let unheeded = Capabilities::default().with(CapabilityChange::SchemaInPrompt).unwrap();
    assert_eq!(Capabilities::parse(&unheeded.to_json(), Capabilities::default()), Ok(unheeded));
    assert_eq!(Capabilities::parse("{}", family), Ok(family));
}

/// What no program wrote is never replaced by a default: that would send again what the endpoint rejects.
#[test]
fn other_words_and_types_are_errors() {
    for (text, reason) in [
        ("", "EOF while parsing a value"),
        ("null", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("3", "not a JSON object"),
        (r#"{"format":"xml"}"#, r#"`format` is "xml""#),
        (r#"{"format":null}"#, "`format` is null"),
        (r#"{"effort":"bogus"}"#, r#"`effort` is "bogus""#),
        (r#"{"effort":1}"#, "`effort` is 1"),
        (r#"{"max_output":"many"}"#, r#"`max_output` is "many""#),
        (r#"{"max_output":-1}"#, "`max_output` is -1"),
        (r#"{"max_output":4294967296}"#, "`max_output` is 4294967296"),
        (r#"{"output_factor":0}"#, "`output_factor` is 0"),
        (r#"{"output_factor":5}"#, "`output_factor` is 5"),
        (r#"{"changes":1.5}"#, "`changes` is 1.5"),
        (r#"{"omitted":["bogus"]}"#, r#"`omitted` is ["bogus"]"#),
        (r#"{"omitted":["detail",1]}"#, r#"`omitted` is ["detail",1]"#),
        (r#"{"omitted":"detail"}"#, r#"`omitted` is "detail""#),
        (r#"{"omitted":null}"#, "`omitted` is null"),
        (r#"{"changed":{}}"#, "`changed` is {}"),
        (r#"{"proven":1}"#, "`proven` is 1"),
        (r#"{"follows_schema":"yes"}"#, r#"`follows_schema` is "yes""#),
        (r#"{"schema_in_prompt":null}"#, "`schema_in_prompt` is null"),
        (r#"{"disables_thinking":0}"#, "`disables_thinking` is 0"),
        (r#"{"max_completion_tokens":"no"}"#, r#"`max_completion_tokens` is "no""#),
        (r#"{"sampling":1}"#, "`sampling` is 1"),
        (r#"{"cache_key":null}"#, "`cache_key` is null"),
    ] {
        let error = Capabilities::parse(text, Capabilities::default()).unwrap_err();
        assert!(error.starts_with(reason), "{text}: {error}");
        assert_eq!(Capabilities::merged(text, "{}"), Err(error), "{text}");
    }
}

/// What two processes have learned about one endpoint, in both orders.
#[test]
fn what_either_has_changed_is_kept() {
    use CapabilityChange::{MaxOutput, Omit, OutputFactor, RenameOutputLimit, SchemaInPrompt, WeakerFormat};
    type Known = fn(Capabilities) -> bool;
    let rows: [(CapabilityChange, CapabilityChange, Known); 6] = [
        (Omit(Parameter::Temperature), Omit(Parameter::StreamOptions), |known| {
            !known.sends(Parameter::Temperature) && !known.sends(Parameter::StreamOptions)
        }),
        (Omit(Parameter::Temperature), Omit(Parameter::StreamOptions), |known| {
            known.with(Omit(Parameter::Temperature)).is_none() && known.with(Omit(Parameter::StreamOptions)).is_none()
        }),
        (WeakerFormat, Omit(Parameter::Detail), |known| known.format == ReplyFormat::Object),
        (MaxOutput(500), MaxOutput(900), |known| known.max_output == Some(500)),
        (MaxOutput(500), Omit(Parameter::Strict), |known| known.max_output == Some(500)),
        (OutputFactor, Omit(Parameter::Strict), |known| known.output_factor == OUTPUT_FACTOR),
    ];
    let merged = |stored: Capabilities, learned: Capabilities| {
        let text = Capabilities::merged(&stored.to_json(), &learned.to_json()).unwrap();
        Capabilities::parse(&text, Capabilities::default()).unwrap()
    };
    for (one, other, holds) in rows {
        let [one, other] = [one, other].map(|change| Capabilities::default().with(change).unwrap());
        for (stored, learned) in [(one, other), (other, one.proven(true)), (one.proven(true), other)] {
            let known = merged(stored, learned);
            assert!(holds(known), "{stored:?} {learned:?}");
            assert_eq!(known.is_proven, stored.is_proven || learned.is_proven);
            assert_eq!(merged(known, learned), known, "twice");
        }
    }
    // If neither has changed something, the newer one decides.
    let known = Capabilities::of_model(model_facts("gpt-6-astra"));
    let other = Capabilities { effort: Some(Effort::High), disables_thinking: true, ..known };
    let limit = known.with(RenameOutputLimit(None)).unwrap();
    for (stored, learned) in [(known, other), (other, known)] {
        let merged = merged(stored, learned);
        assert_eq!((merged.effort, merged.disables_thinking), (learned.effort, learned.disables_thinking));
    }
    for (stored, learned) in [(known, limit), (limit, known)] {
        assert!(!merged(stored, learned).max_completion_tokens, "the limit was renamed");
    }
    let other = Capabilities::default().with(Omit(Parameter::Detail)).unwrap();
    let calm = Capabilities::default().with(CapabilityChange::DisableThinking).unwrap();
    let eager = Capabilities { effort: Some(Effort::High), ..Capabilities::default() };
    let eager = Capabilities { changed: eager.changed.with(Parameter::Effort), ..eager };
    for (stored, learned) in [(calm, other), (other, calm)] {
        assert!(merged(stored, learned).disables_thinking, "thinking was switched off");
    }
    for (stored, learned) in [(eager, other), (other, eager)] {
        assert_eq!(merged(stored, learned).effort, Some(Effort::High), "the effort was changed");
    }
    let described = Capabilities::default().with(SchemaInPrompt).unwrap();
    for (stored, learned) in [(Capabilities::default(), described), (described, Capabilities::default())] {
        assert!(merged(stored, learned).has_schema_in_prompt);
    }
    let learned = limit.to_json();
    assert_eq!(Capabilities::merged("{}", &learned), Ok(learned));
}

/// As programs before version 7 of the store wrote it, then those that knew no member `cache_key`, `disables_thinking`
/// or `changes`.
#[test]
fn older_stores_are_read() {
    let read = |text: &str, family| Capabilities::parse(text, family).unwrap();
    let text = r#"{"format":"json_object","max_completion_tokens":true,"sampling":false,"stream_options":false,"cache_key":true}"#;
    let stored = read(text, Capabilities::default());
    assert_eq!((stored.format, stored.max_completion_tokens), (ReplyFormat::Object, true));
    assert_eq!(stored.omitted.names().collect::<Vec<_>>(), ["temperature", "stream_options"]);
    let stored = read(
        r#"{"format":"json_schema","max_completion_tokens":false,"sampling":true,"stream_options":true,"cache_key":true}"#,
        Capabilities::of_model(model_facts("gpt-6-astra")),
    );
    assert!(stored.max_completion_tokens && stored.effort == Some(Effort::Low));
    let text = r#"{"format":"plain","max_completion_tokens":false,"sampling":false,"stream_options":true}"#;
    let stored = read(text, Capabilities::default());
    assert_eq!(stored.omitted.names().collect::<Vec<_>>(), ["temperature"]);
    let text = r#"{"format":"json_schema","schema_in_prompt":true,"max_completion_tokens":true,"omitted":["prompt_cache_key"],"effort":"low","output_factor":4,"max_output":null,"proven":true,"follows_schema":false,"changed":["reasoning_effort"]}"#;
    let family = Capabilities { disables_thinking: true, ..Capabilities::default() };
    let stored = read(text, family);
    assert_eq!((stored.effort, stored.output_factor, stored.max_output), (Some(Effort::Low), 4, None));
    assert!(stored.disables_thinking && !stored.sends(Parameter::CacheKey));
    assert_eq!(stored.changes, 0);
}

#[test]
fn thinking_that_cannot_be_switched_off_is_no_longer_switched_off() {
    let change = CapabilityChange::Effort(Efforts::default());
    let off = Capabilities { disables_thinking: true, ..Capabilities::default() };
    let on = off.with(change).unwrap();
    assert!(!on.disables_thinking);
    assert_eq!(on.with(change), None, "once");
    let none = Capabilities { effort: Some(Effort::None), ..Capabilities::default() };
    assert_eq!(none.with(change).unwrap().effort, None);
}
