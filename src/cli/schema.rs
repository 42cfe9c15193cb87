//! `docmill schema`: the JSON Schema of manifests, for editors.

use super::exit::Failure;
use super::out::outln;
use crate::manifest::json_schema;

#[expect(clippy::unnecessary_wraps, reason = "all commands have one form")]
pub(crate) fn schema() -> Result<u8, Failure> {
    outln!("{:#}", json_schema());
    Ok(0)
}
