//! Pages that are selected by their rows: `--where`, `docmill rows`, `docmill runs`, `docmill diff`.

mod pages;
mod rows;
