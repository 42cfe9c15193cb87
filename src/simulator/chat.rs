//! `POST /v1/chat/completions`: from the request to the reply, or to the fault.

use super::answer::Answerer;
use super::bill::{image_tokens, text_tokens};
use super::faults::{Fault, choose};
use super::fixtures::Canned;
use super::limits::go_duration;
use super::reply::{Said, error};
use super::reply_forms::formed;
use super::request::{Asked, parse};
use super::state::{Body, InFlight, Reply, SIGHTS, State, now};
use super::vision::{Sight, look};
use crate::base::random::mix;
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use std::io;
use std::time::Duration;

/// Largest request that is read, in bytes.
const MOST_BODY: usize = 64 << 20;
/// A reply that never comes is given up after this.
const HANG: Duration = Duration::from_secs(600);

pub(crate) async fn chat(state: &State, request: Request<Incoming>) -> Reply {
    let authorization =
        request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = match Limited::new(request.into_body(), MOST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return state.plain(413, "text/html", "<html><h1>413 Request Entity Too Large</h1></html>".into());
        }
    };
    let _in_flight = InFlight::new(state);
    if let Some(key) = &state.options.key
        && authorization != format!("Bearer {key}")
    {
        return bad_key(state);
    }
    let asked = match parse(&body, state.options.stream_by_default) {
        Ok(asked) => asked,
        Err((status, kind, code, param, message)) => {
            return state.error(status, kind, code, param, &message);
        }
    };
    if asked.wants_schema && !state.options.json_schema {
        let message = "response_format type json_schema is not supported by this model";
        return state.error(400, "invalid_request_error", None, Some("response_format"), message);
    }
    if !state.options.models.is_empty() && !state.options.models.contains(&asked.model) {
        return no_model(state, &asked.model);
    }
    let hash = blake3::hash(&asked.image);
    let key = u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default());
    let attempt = {
        let mut inner = state.inner.borrow_mut();
        let count = inner.stats.pages.entry(hash.to_hex().to_string()).or_default();
        *count += 1;
        *count - 1
    };
    let Some(sight) = sight(state, &asked, key) else {
        let message = "You uploaded an unsupported image. Please make sure your image is below 20 MB in size and is of one the following formats: ['png', 'jpeg', 'gif', 'webp'].";
        return state.error(400, "invalid_request_error", Some("invalid_image_format"), None, message);
    };
    let image = billed(state, &asked, &sight);
    if let Some(refusal) = limited(state, &asked, image) {
        return refusal;
    }
    let always = state.options.always.filter(|_| state.inner.borrow().stats.answered >= state.options.after);
    let fault = always.or_else(|| choose(state.options.seed, state.options.faults, &state.options.kinds, key, attempt));
    if let Some(fault) = fault {
        let stats = &mut state.inner.borrow_mut().stats;
        *stats.faults.entry(fault.name().to_owned()).or_default() += 1;
        stats.met.entry(hash.to_hex().to_string()).or_default().push(fault.name());
    }
    let late = if fault == Some(Fault::Slow) { Duration::from_secs(2) } else { Duration::ZERO };
    if state.options.latency + late > Duration::ZERO {
        tokio::time::sleep(state.options.latency + late).await;
    }
    match fault {
        Some(Fault::ServerError) => state.error(
            500,
            "server_error",
            None,
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
        Some(Fault::Unavailable) => state.plain(
            503,
            "text/html",
            "<html><head><title>503 Service Temporarily Unavailable</title></head><body><hr>nginx</body></html>".into(),
        ),
        Some(Fault::BadKey) => bad_key(state),
        Some(Fault::NoCredit) => {
            let message = "You exceeded your current quota, please check your plan and billing details.";
            state.error(429, "insufficient_quota", Some("insufficient_quota"), None, message)
        }
        Some(Fault::NoModel) => no_model(state, &asked.model),
        Some(Fault::BadRequest) => state.error(
            400,
            "invalid_request_error",
            Some("invalid_value"),
            Some("top_k"),
            "Invalid value for 'top_k': expected a number.",
        ),
        Some(Fault::RateLimited) => {
            too_many(state, &asked.model, "requests", "requests per min (RPM)", 500, 500, 1, Duration::from_secs(1))
        }
        Some(Fault::Canned(canned)) => refused(state, canned),
        fault => answered(state, &asked, &sight, key, image, fault).await,
    }
}

fn refused(state: &State, canned: &Canned) -> Reply {
    let kind = if canned.body.starts_with('<') { "text/html" } else { "application/json" };
    let mut reply = state.plain(canned.status, kind, canned.body.to_owned())?;
    for (name, value) in canned.headers {
        reply.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    Ok(reply)
}

/// Image tokens, by the rule that this server bills by.
pub(crate) fn billed(state: &State, asked: &Asked, sight: &Sight) -> u64 {
    let model = state.options.bill_as.as_ref().unwrap_or(&asked.model);
    let tokens = image_tokens(model, sight.width, sight.height, &asked.detail);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    let times = |tokens: u64| (tokens as f64 * state.options.bill_times).round() as u64;
    if state.options.bill_times == 1.0 { tokens } else { times(tokens) }
}

fn bad_key(state: &State) -> Reply {
    let message =
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.";
    state.error(401, "invalid_request_error", Some("invalid_api_key"), None, message)
}

fn no_model(state: &State, model: &str) -> Reply {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    state.error(404, "invalid_request_error", Some("model_not_found"), None, &message)
}

pub(crate) fn sight(state: &State, asked: &Asked, key: u64) -> Option<Sight> {
    if let Some(known) = state.inner.borrow().sights.get(&key) {
        return known.clone();
    }
    let seen = look(&asked.image);
    let mut inner = state.inner.borrow_mut();
    if inner.sights.len() >= SIGHTS {
        inner.sights.clear();
    }
    inner.sights.insert(key, seen.clone());
    seen
}

/// The refusal of a request over a limit; `None` when it fits.
fn limited(state: &State, asked: &Asked, image: u64) -> Option<Reply> {
    let charge = image + asked.max_tokens.max(text_tokens(asked.chars));
    state.step_limits();
    let mut inner = state.inner.borrow_mut();
    let refused = {
        let tokens_limit = inner.tokens.as_ref().map(|bucket| bucket.limit);
        if let Some(limit) = tokens_limit.filter(|limit| charge > *limit) {
            drop(inner);
            let message = format!(
                "Request too large for {} in organization org-simulator on tokens per min (TPM): Limit {limit}, Requested {charge}. The input or output tokens must be reduced in order to run successfully.",
                asked.model
            );
            return Some(state.error(429, "tokens", Some("rate_limit_exceeded"), None, &message));
        }
        let at = now();
        let requests = inner.requests.as_mut().map(|bucket| (bucket.limit, bucket.take(1, at)));
        match requests {
            Some((limit, Err(full))) => Some(("requests", "requests per min (RPM)", limit, full, 1)),
            _ => {
                let tokens = inner.tokens.as_mut().map(|bucket| (bucket.limit, bucket.take(charge, at)));
                match tokens {
                    Some((limit, Err(full))) => Some(("tokens", "tokens per min (TPM)", limit, full, charge)),
                    _ => None,
                }
            }
        }
    };
    drop(inner);
    let (kind, words, limit, full, requested) = refused?;
    Some(too_many(state, &asked.model, kind, words, limit, full.used, requested, full.wait))
}

#[expect(clippy::too_many_arguments, reason = "the numbers of one message")]
fn too_many(
    state: &State,
    model: &str,
    kind: &str,
    words: &str,
    limit: u64,
    used: u64,
    requested: u64,
    wait: Duration,
) -> Reply {
    state.inner.borrow_mut().stats.rate_limited += 1;
    let message = format!(
        "Rate limit reached for {model} in organization org-simulator on {words}: Limit {limit}, Used {used}, Requested {requested}. Please try again in {}. Visit https://platform.openai.com/account/rate-limits to learn more.",
        go_duration(wait)
    );
    let mut reply = state.error(429, kind, Some("rate_limit_exceeded"), None, &message)?;
    if state.options.headers {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        reply.headers_mut().insert("retry-after", HeaderValue::from(seconds.max(1)));
        reply
            .headers_mut()
            .insert("retry-after-ms", HeaderValue::from(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) + 1));
    }
    Ok(reply)
}

/// What is said to a request, billed.
pub(crate) fn said(state: &State, asked: &Asked, sight: &Sight, key: u64, image: u64, fault: Option<Fault>) -> Said {
    let answerer = Answerer { sight, seed: state.options.seed, hash: key };
    let object = answerer.reply(&asked.schema);
    let mut said = Said {
        id: format!("chatcmpl-{:016x}", mix(key)),
        created: 1_766_116_121,
        model: asked.model.clone(),
        content: Some(object.to_string()),
        refusal: None,
        finish: "stop",
        usage: None,
    };
    distort(&mut said, fault);
    let content = said.content.clone().or_else(|| said.refusal.clone()).unwrap_or_default();
    let mut output = text_tokens(content.chars().count()).max(1);
    if output > asked.max_tokens {
        output = asked.max_tokens;
        said.content = Some(content.chars().take(usize::try_from(output * 4).unwrap_or(usize::MAX)).collect());
        said.finish = "length";
    }
    let input = image + text_tokens(asked.chars);
    let cached = bill(state, asked, input, output);
    if state.options.usage && fault != Some(Fault::NoUsage) {
        said.usage = Some((input, cached, output));
    }
    said
}

async fn answered(state: &State, asked: &Asked, sight: &Sight, key: u64, image: u64, fault: Option<Fault>) -> Reply {
    let said = said(state, asked, sight, key, image, fault);
    match fault {
        Some(Fault::Reset) => return Err(io::Error::other("dropped")),
        Some(Fault::Hang) => {
            tokio::time::sleep(HANG).await;
            return Err(io::Error::other("dropped"));
        }
        Some(Fault::StreamError) if !asked.stream => {
            let body = error(
                "server_error",
                Some("502"),
                None,
                "The server had an error while processing your request. Sorry about that!",
            );
            return state.plain(200, "application/json", body);
        }
        _ => {}
    }
    if let Some(Fault::Form(form)) = fault
        && let Some(reply) = formed(state, &said, form, asked.stream, asked.include_usage)
    {
        return reply;
    }
    if asked.stream {
        return streamed(state, said.events(asked.include_usage), fault);
    }
    let body = said.whole();
    if matches!(fault, Some(Fault::CutBody | Fault::CutStream)) {
        let mut reply = state.plain(200, "application/json", String::new())?;
        reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        *reply.body_mut() = pieces(vec![body[..body.len() / 2].to_owned()], true);
        return Ok(reply);
    }
    state.plain(200, "application/json", body)
}

fn distort(said: &mut Said, fault: Option<Fault>) {
    let content = said.content.clone().unwrap_or_default();
    match fault {
        Some(Fault::Refusal) => {
            (said.content, said.refusal) = (None, Some("I'm sorry, I can't assist with that.".into()));
        }
        Some(Fault::Fenced) => {
            said.content = Some(format!("Here is the JSON:\n```json\n{content}\n```\nLet me know if you need more."));
        }
        Some(Fault::WrongLabel) => said.content = Some(mislabelled(&content)),
        Some(Fault::Empty) => said.content = Some(String::new()),
        Some(Fault::Length) => {
            (said.content, said.finish) = (Some(content.chars().take(content.chars().count() / 2).collect()), "length");
        }
        _ => {}
    }
}

/// Every text replaced by one that is in no set.
fn mislabelled(content: &str) -> String {
    fn replace(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = "none of your labels".into(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(replace),
            serde_json::Value::Object(members) => members.values_mut().for_each(replace),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(content).unwrap_or_default();
    replace(&mut value);
    value.to_string()
}

/// Counts what is billed; how many of the prompt's tokens were cached.
fn bill(state: &State, asked: &Asked, input: u64, output: u64) -> u64 {
    let mut inner = state.inner.borrow_mut();
    let prompt = blake3::hash(asked.text.as_bytes());
    let prompt = u64::from_le_bytes(prompt.as_bytes()[..8].try_into().unwrap_or_default());
    let text = text_tokens(asked.chars);
    let is_known = !inner.prompts.insert(prompt);
    let cached = if is_known && text >= 1024 { text / 128 * 128 } else { 0 };
    let stats = &mut inner.stats;
    stats.answered += 1;
    stats.input_tokens += input;
    stats.cached_input_tokens += cached;
    stats.output_tokens += output;
    cached
}

fn streamed(state: &State, mut events: Vec<String>, fault: Option<Fault>) -> Reply {
    let half = events.len() / 2;
    let is_cut = match fault {
        Some(Fault::CutStream) => {
            events.truncate(half);
            false
        }
        Some(Fault::CutBody) => {
            events.truncate(half);
            true
        }
        Some(Fault::StreamError) => {
            events.truncate(half);
            let body = error(
                "server_error",
                None,
                None,
                "The server had an error while processing your request. Sorry about that!",
            );
            events.push(format!("data: {body}\n\n"));
            false
        }
        _ => false,
    };
    let mut reply = state.plain(200, "text/event-stream; charset=utf-8", String::new())?;
    *reply.body_mut() = pieces(events, is_cut);
    Ok(reply)
}

/// A body in pieces; `is_cut`: it breaks off after the last.
fn pieces(pieces: Vec<String>, is_cut: bool) -> Body {
    let (mut sender, body) = http_body_util::channel::Channel::<Bytes, io::Error>::new(4);
    tokio::task::spawn_local(async move {
        for piece in pieces {
            if sender.send(Frame::data(piece.into())).await.is_err() {
                return;
            }
        }
        if is_cut {
            // Let what was sent arrive before the connection breaks.
            tokio::time::sleep(Duration::from_millis(5)).await;
            sender.abort(io::Error::other("cut"));
        }
    });
    body.boxed()
}
