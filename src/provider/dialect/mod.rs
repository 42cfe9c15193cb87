//! How requests and replies are spelled, by API.

pub(crate) mod openai;
