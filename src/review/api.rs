//! What the page's script asks for, and what it changes.

use super::api_error::ApiError;
use super::changes::{decide, skip, undo};
use super::overview::{filters_json, job_json, progress_json, reading_json, recent_json};
use super::page_json::window_json;
use super::page_name::parse_page_name;
use super::state::Review;
use super::view::ViewQuery;
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// What the page's script asks for, and what it changes.
pub(crate) struct Api {
    review: Arc<Review>,
}

impl Api {
    /// The interface to a review.
    pub(crate) fn new(review: Arc<Review>) -> Self {
        Self { review }
    }

    /// Answers a question. Blocks.
    ///
    /// # Errors
    /// When there is no such question, or the store can't be read.
    pub(crate) fn read(&self, path: &str, query: &str) -> Result<Value, ApiError> {
        let review = &self.review;
        match path {
            "/api/job" => {
                if review.is_filtered() && review.facts().map_err(ApiError::Failed)?.is_none() {
                    return Ok(reading_json(review));
                }
                job_json(review)
            }
            "/api/filters" => self.with_view(query, filters_json),
            "/api/pages" => self.with_view(query, window_json),
            "/api/progress" => self.with_view(query, progress_json),
            "/api/recent" => recent_json(review),
            _ => Err(ApiError::NotFound("there is nothing at this address".into())),
        }
    }

    /// Makes a change, which is durable when this returns. Blocks.
    ///
    /// # Errors
    /// When the change is wrong, or can't be stored.
    pub(crate) fn change(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        match path {
            "/api/decide" => {
                let view = body.get("view").and_then(Value::as_str).unwrap_or_default();
                decide(&self.review, &self.parse_view(view)?, body)
            }
            "/api/undo" => undo(&self.review, body),
            "/api/skip" => skip(&self.review, body),
            _ => Err(ApiError::NotFound("there is nothing at this address".into())),
        }
    }

    /// The JPEG of a page: `page` is its name, `side` the longest side in pixels.
    ///
    /// # Errors
    /// When there is no such page, or no picture of it.
    pub(crate) async fn picture(&self, query: &str) -> Result<Bytes, ApiError> {
        let (mut key, mut side) = (None, 640);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "page" => key = parse_page_name(&value),
                "side" => side = value.parse().unwrap_or(side),
                _ => {}
            }
        }
        let index = &self.review.subject.index;
        let page = key.and_then(|key| index.get(index.find(&key)?));
        let place = page.and_then(|page| Some((page, index.place(page)?)));
        let (page, place) = place.ok_or_else(|| ApiError::NotFound("there is no such page".into()))?;
        Ok(self.review.pictures.get(place, page.id, side).await?)
    }

    fn parse_view(&self, query: &str) -> Result<ViewQuery, ApiError> {
        let tasks: Vec<&str> = self.review.subject.tasks.iter().map(|task| task.name.as_str()).collect();
        let columns: Vec<&str> = self.review.subject.columns.iter().map(String::as_str).collect();
        ViewQuery::parse(query, &tasks, &columns).map_err(ApiError::Wrong)
    }

    fn with_view(
        &self,
        query: &str,
        answer: impl FnOnce(&Arc<Review>, &ViewQuery) -> Result<Value, ApiError>,
    ) -> Result<Value, ApiError> {
        let review = &self.review;
        let view = self.parse_view(query)?;
        if (view.needs_facts() || review.is_filtered()) && review.facts().map_err(ApiError::Failed)?.is_none() {
            return Ok(reading_json(review));
        }
        answer(review, &view)
    }
}
