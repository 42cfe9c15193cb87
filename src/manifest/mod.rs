//! The manifest: one YAML file -> a checked, complete [`Job`].
//!
//! 1. [`node`]: YAML -> nodes with their places
//! 2. [`interpolate`]: `${NAME}` in scalars
//! 3. [`typed`]: nodes -> JSON, guided by the JSON Schema of the raw sections; finds
//!    unknown keys, wrong types and missing keys, all of them
//! 4. one file a section: raw (as typed) -> checked, with the remaining rules
//!    ([`mod@column`]: what a list carries)
//! 5. [`faults`]: everything that is wrong, with file, line, column and what is allowed

mod column;
mod delivery;
mod faults;
mod image;
mod input;
mod interpolate;
mod job;
mod limits;
mod node;
mod ordered;
mod output;
mod policy;
mod provider;
mod request;
mod tasks;
mod typed;

pub use column::{Column, ColumnKind};
pub use delivery::Batches;
pub use faults::{Fault, Faults};
pub use image::{ECONOMY_MIN_SIDE, Image, Size, UNKNOWN_MAX_SIDE};
pub use input::{Fetch, Input, PageChoice, Place};
pub use job::{Job, ManifestError, Variables, check, json_schema, load};
pub use limits::{BudgetScope, Limits};
pub use output::Output;
pub use policy::{OnError, Retry, TimedOut};
pub use provider::{Endpoint, Header, Provider, SimulatorSpec};
pub use request::{Request, Timeouts};
pub use tasks::{AnswerType, Label, RESERVED_COLUMNS, Task, TaskKind};
