//! The sections of a manifest: as typed, and as checked.

pub(crate) mod column;
pub(crate) mod delivery;
pub(crate) mod image;
pub(crate) mod input;
pub(crate) mod limits;
pub(crate) mod output;
pub(crate) mod policy;
pub(crate) mod provider;
pub(crate) mod request;
pub(crate) mod tasks;
