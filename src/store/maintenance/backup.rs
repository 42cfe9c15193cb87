//! A copy of a store.

use super::new_file::NewFile;
use crate::store::error::StoreError;
use crate::store::sqlite::schema;
use std::path::Path;

/// Copies a consistent snapshot of the store at `path` to `to`; runs may write meanwhile. The copy is complete and
/// durable when this returns.
///
/// # Errors
/// When `to` exists, or one of the files cannot be read or written.
pub fn back_up(path: &Path, to: &Path) -> Result<(), StoreError> {
    let db = schema::open_to_read(path)?;
    let copy = NewFile::beside(to)?;
    let name = copy.path().to_str();
    let name = name.ok_or_else(|| StoreError::Failed(format!("the path {} is not valid UTF-8", to.display())))?;
    // With the mode that the umask gives, into which SQLite writes when it is empty.
    schema::create(copy.path())?;
    db.execute("VACUUM INTO ?1", [name]).map_err(|error| StoreError::Failed(error.to_string()))?;
    copy.finish()
}
