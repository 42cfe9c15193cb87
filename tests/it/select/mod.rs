//! Pages that are selected by their rows: `--where`, `docmill rows`, `docmill runs`, `docmill diff`.

mod column_questions;
mod diff;
mod documents;
mod pages;
mod rows;
mod runs;
