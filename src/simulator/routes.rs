//! The routes of the endpoint.

use super::api_error::ApiError;
use super::batches;
use super::chat::chat;
use super::http::{HttpReply, JSON};
use super::state::SimulatorState;
use hyper::body::Incoming;
use hyper::{Method, Request};
use serde_json::{Value, json};
use std::rc::Rc;

/// The model that is listed when every name is a model.
const DEFAULT_MODEL: &str = "openai/gpt-4o-mini";

/// The paths before `/chat/completions`: OpenAI's and those of Azure, Google, OpenRouter, DashScope and Groq.
const BASES: &[&str] = &["/v1", "", "/openai/v1", "/v1beta/openai", "/api/v1", "/compatible-mode/v1"];

/// Replies to a request.
pub(crate) async fn route(state: Rc<SimulatorState>, request: Request<Incoming>) -> HttpReply {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    match (request.method(), path.as_str()) {
        (&Method::POST, path) if is_chat(path) => chat(&state, request).await,
        (&Method::POST, "/v1/files") => batches::upload(&state, request).await,
        (&Method::POST, "/v1/batches") => batches::create(&state, request).await,
        (&Method::GET, "/v1/batches") => batches::list(&state, request.uri().query().unwrap_or_default()),
        (&Method::GET, "/v1/models") => state.reply(200, JSON, list_models(&model_names(&state)).to_string()),
        (&Method::GET, "/stats/requests") => {
            let log = state.shared.borrow().stats.log.to_json();
            state.reply(200, JSON, log.to_string())
        }
        (&Method::GET, "/stats") => {
            let stats = state.shared.borrow().stats.to_json();
            state.reply(200, JSON, stats.to_string())
        }
        (method, path) => {
            if method == Method::GET
                && let Some(id) = path.strip_prefix("/v1/batches/")
            {
                return batches::show(&state, id);
            }
            if method == Method::GET
                && let Some(id) = file_id(path)
            {
                return batches::download(&state, id);
            }
            let message = format!("Invalid URL ({method} {path})");
            state.error(&ApiError::new(404, "invalid_request_error", message))
        }
    }
}

/// Whether a path is that of chat completions on one of the APIs.
fn is_chat(path: &str) -> bool {
    path.strip_suffix("/chat/completions").is_some_and(|base| BASES.contains(&base))
}

/// The id in `/v1/files/{id}/content`.
fn file_id(path: &str) -> Option<&str> {
    path.strip_prefix("/v1/files/")?.strip_suffix("/content")
}

/// The names of the models: those of the options, or else those of the profile.
fn model_names(state: &SimulatorState) -> Vec<String> {
    let names = &state.options.models;
    if !names.is_empty() {
        return names.clone();
    }
    // The default profile has one model without a name.
    state.profile.models.iter().map(|model| model.name.to_owned()).filter(|name| !name.is_empty()).collect()
}

fn list_models(names: &[String]) -> Value {
    let names = if names.is_empty() { &[DEFAULT_MODEL.to_owned()] } else { names };
    let model = |id: &String| json!({"id": id, "object": "model", "created": 0, "owned_by": "simulator"});
    json!({"object": "list", "data": names.iter().map(model).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_ids_are_between_prefix_and_suffix() {
        assert_eq!(file_id("/v1/files/file-1/content"), Some("file-1"));
        assert_eq!(file_id("/v1/files/file-1"), None);
        assert_eq!(file_id("/v1/other/file-1/content"), None);
    }

    #[test]
    fn chat_completions_are_below_the_bases_of_the_apis() {
        for path in ["/v1/chat/completions", "/chat/completions", "/v1beta/openai/chat/completions"] {
            assert!(is_chat(path), "{path}");
        }
        for path in ["/v2/chat/completions", "/v1/completions", "/v1/v1/chat/completions"] {
            assert!(!is_chat(path), "{path}");
        }
    }

    #[test]
    fn one_model_is_listed_when_all_are_valid() {
        assert_eq!(list_models(&[])["data"][0]["id"], DEFAULT_MODEL);
        let two = list_models(&["a".to_owned(), "b".to_owned()]);
        assert_eq!((two["data"].as_array().unwrap().len(), &two["data"][1]["id"]), (2, &json!("b")));
    }
}
