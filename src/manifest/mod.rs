//! The manifest: one YAML file -> a checked, complete [`Job`].
//!
//! - [`faults`]: all faults, with file, line, column and the allowed values
//! - [`yaml`]: text -> JSON with positions, guided by the JSON Schema of the raw sections
//! - [`mod@check`]: what the sections use to report faults; [`paths`]: normalized paths
//! - [`selection`]: which files of a folder are pages; [`protected_files`]: the files that a job must not
//!   overwrite
//! - [`sections`]: one file per section: raw form, checked form, and its rules
//! - [`settings`]: what the store keeps of the settings of a run, without secrets
//! - [`job`]: all checked sections; [`schema`]: all raw sections, and the JSON Schema
//! - [`mod@load`]: from a file to a job

pub(crate) mod check;
pub(crate) mod faults;
pub(crate) mod job;
pub(crate) mod load;
pub(crate) mod paths;
pub(crate) mod protected_files;
pub(crate) mod schema;
pub(crate) mod sections;
pub(crate) mod selection;
pub(crate) mod settings;
pub(crate) mod yaml;

pub(crate) use faults::nearest_name;
pub use faults::{Fault, Faults};
pub use job::Job;
pub use load::{ManifestError, check, load};
pub(crate) use load::{OtherModel, faults_of, load_with_model, shown_path};
pub(crate) use protected_files::{Collision, ProtectedFiles};
pub use schema::json_schema;
pub use sections::column::{Column, ColumnKind, ColumnNameFault, RESERVED_COLUMNS};
pub use sections::delivery::BatchBounds;
pub use sections::endpoint::{Endpoint, SimulatorSpec};
pub use sections::fetch::Fetch;
pub use sections::header::Header;
pub use sections::image::{Image, ImageIntent, PICTURE_VERSION, PdfRenderer, Size};
pub(crate) use sections::input::PATH_COLUMN;
pub use sections::input::{Detect, Input, Place};
pub use sections::labels::Label;
pub use sections::limits::{BudgetScope, Concurrency, Limits};
pub use sections::on_error::OnError;
pub use sections::output::Output;
pub use sections::pages::PageChoice;
pub use sections::provider::Provider;
pub use sections::query::Query;
pub(crate) use sections::request::EFFORT_MEMBER;
pub use sections::request::{DERIVED_MAX_TOKENS, Request, Timeouts};
pub use sections::retry::{Retry, TimedOut};
pub use sections::tasks::{AnswerType, Task, TaskKind};
pub(crate) use selection::{Choice, Selection, Unselected};
pub use yaml::interpolate::Variables;
