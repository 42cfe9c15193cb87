//! The manifest: one YAML file -> a checked, complete [`Job`].
//!
//! 1. [`node`]: YAML -> nodes with their places
//! 2. [`interpolate`]: `${NAME}` in scalars
//! 3. [`typed`]: nodes -> JSON, guided by the JSON Schema of the raw sections; finds
//!    unknown keys, wrong types and missing keys, all of them
//! 4. one file a section: raw (as typed) -> checked, with the remaining rules
//!    ([`mod@column`]: what a list carries)
//! 5. [`faults`]: everything that is wrong, with file, line, column and what is allowed

pub(crate) mod faults;
pub(crate) mod job;
pub(crate) mod sections;
pub(crate) mod yaml;

pub use faults::{Fault, Faults};
pub use job::{Job, ManifestError, Variables, check, json_schema, load};
pub use sections::column::{Column, ColumnKind};
pub use sections::delivery::Batches;
pub use sections::image::{ECONOMY_MIN_SIDE, Image, Size, UNKNOWN_MAX_SIDE};
pub use sections::input::{Fetch, Input, PageChoice, Place};
pub use sections::limits::{BudgetScope, Limits};
pub use sections::output::Output;
pub use sections::policy::{OnError, Retry, TimedOut};
pub use sections::provider::{Endpoint, Header, Provider, SimulatorSpec};
pub use sections::request::{Request, Timeouts};
pub use sections::tasks::{AnswerType, Label, RESERVED_COLUMNS, Task, TaskKind};
