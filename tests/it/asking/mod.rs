//! Requests: faults and their effects, retries, stops, and runs that continue.

mod chaos;
mod concurrent;
mod error_wordings;
mod faults;
mod form_errors;
mod form_search;
mod not_an_api;
mod profiles;
mod recorded_replies;
mod refresh;
mod reply_forms;
mod request_form;
mod resume;
mod stops;
mod stream_ends;
mod waits;
