//! Values of partitions that are known before anything is paid for: labels, and columns of a list.

use super::hive::{MAX_NAME_BYTES, partition_name};
use super::partitions::MAX_PARTITIONS;
use crate::export::columns::Cell;
use serde_json::Value;
use std::collections::BTreeSet;

/// What is wrong with a value of the column `column`: its folder would have a longer name than a file system
/// allows. Only rows whose values are not known in advance are written under shortened names.
pub(crate) fn find_long_name(column: &str, value: &Value) -> Option<String> {
    let bytes = partition_name(column, Cell::Json { value, is_untrusted: false }).len();
    (bytes > MAX_NAME_BYTES).then(|| {
        format!("a value of the column `{column}` makes a folder's name of {bytes} bytes; a name has at most {MAX_NAME_BYTES}")
    })
}

/// The partitions that lines of a list make.
#[derive(Debug, Default)]
pub struct KnownPartitions {
    folders: BTreeSet<Vec<String>>,
}

impl KnownPartitions {
    /// Adds a line with these columns and values.
    ///
    /// # Errors
    /// The fault: a value that is too long, or more partitions than an output may have.
    pub fn add<'v>(&mut self, values: impl Iterator<Item = (&'v str, &'v Value)>) -> Result<(), String> {
        let mut folder = Vec::new();
        for (column, value) in values {
            if let Some(fault) = find_long_name(column, value) {
                return Err(fault);
            }
            folder.push(partition_name(column, Cell::Json { value, is_untrusted: false }));
        }
        self.folders.insert(folder);
        if self.folders.len() > MAX_PARTITIONS {
            return Err(format!("the columns of the list make more than {MAX_PARTITIONS} partitions"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_values_and_too_many_are_found() {
        let mut known = KnownPartitions::default();
        let long = json!("x".repeat(253));
        for value in [json!("x".repeat(252)), json!(null), json!(7)] {
            assert_eq!(known.add([("to", &value)].into_iter()), Ok(()), "{value}");
        }
        let fault = known.add([("to", &long)].into_iter()).unwrap_err();
        assert_eq!(fault, "a value of the column `to` makes a folder's name of 256 bytes; a name has at most 255");
        let mut added = (0..).map(|number| known.add([("to", &json!(format!("v{number}")))].into_iter()));
        assert!(added.by_ref().take(997).all(|added| added.is_ok()));
        assert_eq!(added.next(), Some(Err("the columns of the list make more than 1000 partitions".into())));
        // Lines with the same values make one.
        let mut known = KnownPartitions::default();
        assert!((0..5000).all(|_| known.add([("to", &json!("a"))].into_iter()).is_ok()));
    }
}
