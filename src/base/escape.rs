//! Escaping of names inside JSON Pointers (RFC 6901).

/// `name` as one token of a JSON Pointer: `~` becomes `~0` and `/` becomes `~1`.
#[must_use]
pub fn pointer_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A pointer to the key of the member at `pointer`. No JSON Pointer of a value is equal to it.
#[must_use]
pub fn key_pointer(pointer: &str) -> String {
    format!("{pointer}/~key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    proptest! {
        /// `serde_json` unescapes pointers on its own: it finds every member by its token.
        #[test]
        fn a_member_is_found_by_its_token(name in "[a-z~/01 ]{0,8}") {
            let object = Value::Object(Map::from_iter([(name.clone(), Value::Bool(true))]));
            let pointer = format!("/{}", pointer_token(&name));
            prop_assert_eq!(object.pointer(&pointer), Some(&Value::Bool(true)));
        }
    }
}
