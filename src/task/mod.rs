//! Tasks -> prompt and [`Shape`]; a reply -> answers.
//!
//! - [`shape`]: one type serves the schema that is sent, validation and the output column
//! - [`schema`]: a user's JSON Schema -> shape, within a closed subset
//! - [`check`]: a value against a shape
//! - [`question`]: a manifest's task, compiled; [`words`]: its words, with columns of a list
//! - [`stored`]: a question from its recipe
//! - [`prompt`]: what is asked, as text
//! - [`length`]: how long a reply may be
//! - [`reply`]: what was answered, read tolerantly, validated strictly

mod check;
mod length;
mod prompt;
mod question;
mod reply;
mod schema;
mod shape;
mod stored;
mod words;

pub use length::{Replies, replies};
pub use prompt::{PROMPT_VERSION, SYSTEM, instructions, repair_text, reply_schema};
pub use question::{Question, TaskDefect, compile, without_descriptions};
pub use reply::{Reading, TaskFault, read};
pub use shape::{Field, Shape};
pub use stored::of_recipe;
