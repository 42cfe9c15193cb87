//! Content digests (BLAKE3, 256 bits) and canonical JSON. The key of an answer is made of two
//! digests: of the page and of the recipe.

use serde_json::Value;
use std::fmt;

/// A BLAKE3 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn compute(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of the canonical form of `value` ([`canonical`]).
    #[must_use]
    pub fn compute_json(value: &Value) -> Self {
        Self::compute(canonical(value).as_bytes())
    }

    /// The digest with these bytes. `None`: there are not exactly 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest that is written so: 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let byte = |pair: &[u8]| {
            let pair =
                std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes: Option<Vec<u8>> = (digits.len() == 64).then(|| digits.chunks(2).map(byte).collect())?;
        Self::from_slice(&bytes?)
    }

    /// Its first hexadecimal digits, at most 64, where it only has to distinguish a few things.
    #[must_use]
    pub fn short(&self, digits: usize) -> String {
        let mut text = self.to_string();
        text.truncate(digits);
        text
    }

    /// The bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
        let text: String = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        f.write_str(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Canonical JSON: the keys of every object are sorted by their bytes, and there is no white space.
/// Numbers have serde_json's shortest form, as RFC 8785 requires for doubles.
#[must_use]
pub fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            Value::Object(members.into_iter().map(|(k, v)| (k.clone(), sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn canonical_json_is_stable() {
        for (value, text) in [
            (json!({"b": [1, 2], "a": {"y": null, "x": true}}), r#"{"a":{"x":true,"y":null},"b":[1,2]}"#),
            (json!({"é": 1, "z": 2, "Z": 3, "": 4}), r#"{"":4,"Z":3,"z":2,"é":1}"#),
            (json!([0.1, 1.0, 1e21, -0.0, 300]), "[0.1,1.0,1e+21,-0.0,300]"),
            (json!("a\"\n\u{1}é"), r#""a\"\n\u0001é""#),
        ] {
            assert_eq!(canonical(&value), text);
        }
    }

    #[test]
    fn digests_are_blake3_in_hexadecimal() {
        let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        let digest = Digest::compute(b"");
        assert_eq!(digest.to_string(), empty);
        assert_eq!(format!("{digest:?}"), format!("Digest({empty})"));
        assert_eq!([0, 8, 64, 65].map(|digits| digest.short(digits)), ["", &empty[..8], empty, empty]);
        assert_eq!(Digest::parse(empty), Some(digest));
        assert_eq!(Digest::parse(&empty[1..]).or(Digest::parse(&empty.replace('a', "g"))), None);
        assert_eq!(Digest::from_slice(digest.as_bytes()), Some(digest));
        assert_eq!((Digest::from_slice(&[0; 31]), Digest::from_slice(&[0; 33])), (None, None));
    }

    #[test]
    fn the_order_of_items_is_part_of_a_digest() {
        assert_ne!(Digest::compute_json(&json!([1, 2])), Digest::compute_json(&json!([2, 1])));
    }

    /// Any JSON without floats.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec(("\\PC{0,4}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The same value with the members of every object in reverse.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                Value::Object(members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
            }
            Value::Array(items) => items.iter().map(reversed).collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn the_order_of_keys_is_not_part_of_a_digest(value in any_json()) {
            let other = reversed(&value);
            prop_assert_eq!(canonical(&value), canonical(&other));
            prop_assert_eq!(Digest::compute_json(&value), Digest::compute_json(&other));
        }

        #[test]
        fn canonical_json_is_the_same_value(value in any_json()) {
            let text = canonical(&value);
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(canonical(&read), text);
        }
    }
}
