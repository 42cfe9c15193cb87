//! The sections of a manifest, one file per section or part of it. Each has the raw form,
//! whose doc comments are the descriptions in the JSON Schema, and the checked form.
//!
//! - [`input`] with [`pages`] and [`fetch`]
//! - [`provider`] with [`endpoint`], [`header`], [`query`] and [`price`]
//! - [`request`], [`image`]
//! - [`tasks`] with [`labels`]; [`mod@column`]: columns of rows and their names
//! - [`limits`], [`delivery`] (with `batch`), [`retry`], [`on_error`], [`output`]
//!
//! Variants of raw enums have no doc comments, except those of `delivery`: with them, the
//! JSON Schema has `oneOf` in place of `enum`.

pub(crate) mod column;
pub(crate) mod delivery;
pub(crate) mod endpoint;
pub(crate) mod fetch;
pub(crate) mod header;
pub(crate) mod image;
pub(crate) mod input;
pub(crate) mod labels;
pub(crate) mod limits;
pub(crate) mod on_error;
pub(crate) mod output;
pub(crate) mod pages;
pub(crate) mod price;
pub(crate) mod provider;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod retry;
pub(crate) mod tasks;
