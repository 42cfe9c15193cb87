//! `docmill review`: a local web page on which people see pages beside their labels, decide and correct.
//!
//! - [`mod@run`]: opens a review and serves it; [`settings`]: how it is done
//! - [`server`]: HTTP on loopback, and who may ask; [`api`] and [`api_error`]: what the page's script asks for and changes
//! - [`state`]: a review; [`subject`]: its job and pages; [`index`]: the keys of its pages; [`facts`]: what they are filtered by;
//!   [`view`]: which are asked for; [`prepared_view`], [`rank_set`], [`views`]: which are shown, kept up to date page by
//!   page; [`decisions`]: decisions; [`skips`]: skips; [`pictures`]: what they look like
//! - [`tasks`], [`page_json`], [`overview`], [`changes`]: the parts of the interface; [`page_name`]: names of pages in it
//! - [`sample_accuracy`]: how often the model is right on a random sample, and whether reviewers agree

pub(crate) mod api;
pub(crate) mod api_error;
pub(crate) mod changes;
pub(crate) mod decisions;
pub(crate) mod facts;
pub(crate) mod index;
pub(crate) mod overview;
pub(crate) mod page_json;
pub(crate) mod page_name;
pub(crate) mod pictures;
pub(crate) mod prepared_view;
pub(crate) mod rank_set;
pub(crate) mod run;
pub(crate) mod sample_accuracy;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod skips;
pub(crate) mod state;
pub(crate) mod subject;
pub(crate) mod tasks;
pub(crate) mod view;
pub(crate) mod views;

pub(crate) use run::{ReviewError, Serving, review};
pub use settings::ReviewOptions;
pub use view::ReviewOrder;
