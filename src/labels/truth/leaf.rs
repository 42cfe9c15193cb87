//! The values of an answer that are compared one by one: the answer itself, or the members of an object
//! that are not objects.

use crate::task::Shape;
use serde_json::Value;

/// A value of an answer that is compared as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    /// The names of the members that lead to it. Empty: the answer itself.
    pub(crate) path: Vec<String>,
    /// The form of its value, which may be null even where an object on the way to it may.
    pub(crate) shape: Shape,
}

impl Leaf {
    /// The leaves of an answer, in the order of its shape.
    pub(crate) fn list(shape: &Shape) -> Vec<Self> {
        let mut leaves = Vec::new();
        add_leaves(shape, &[], false, &mut leaves);
        leaves
    }

    /// Its name, such as `seller.name`. Empty: the answer itself.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// Its value in an answer; null if an object on the way is null.
    pub(crate) fn value(&self, answer: &Value) -> Value {
        let found = self.path.iter().try_fold(answer, |value, name| value.get(name));
        found.cloned().unwrap_or_default()
    }
}

fn add_leaves(shape: &Shape, path: &[String], is_in_nullable: bool, leaves: &mut Vec<Leaf>) {
    let is_nullable = matches!(shape, Shape::Nullable(_));
    match shape.required() {
        Shape::Object(fields) => {
            for field in fields {
                let path = [path, std::slice::from_ref(&field.name)].concat();
                add_leaves(&field.shape, &path, is_in_nullable || is_nullable, leaves);
            }
        }
        _ if is_in_nullable && !is_nullable => {
            leaves.push(Leaf { path: path.to_vec(), shape: Shape::Nullable(Box::new(shape.clone())) });
        }
        _ => leaves.push(Leaf { path: path.to_vec(), shape: shape.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    #[test]
    fn objects_have_their_members_as_leaves() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let seller = Shape::Object(vec![field("name", Shape::Text), field("paid", Shape::Boolean)]);
        let bill = Shape::Object(vec![
            field("total", Shape::Number),
            field("seller", Shape::Nullable(Box::new(seller))),
            field("lines", Shape::List(Box::new(Shape::Object(vec![field("text", Shape::Text)])))),
        ]);
        let leaves = Leaf::list(&bill);
        let names: Vec<String> = leaves.iter().map(Leaf::name).collect();
        assert_eq!(names, ["total", "seller.name", "seller.paid", "lines"]);
        assert_eq!(leaves[1].shape, Shape::Nullable(Box::new(Shape::Text)), "null if there is no seller");
        let values = |answer: &Value| leaves.iter().map(|leaf| leaf.value(answer)).collect::<Vec<_>>();
        let answer = json!({"total": 1, "seller": {"name": "x", "paid": true}, "lines": []});
        assert_eq!(values(&answer), [json!(1), json!("x"), json!(true), json!([])]);
        assert_eq!(values(&json!({"total": 1, "seller": null, "lines": []}))[1..3], [Value::Null, Value::Null]);
        assert_eq!(Leaf::list(&Shape::Text), [Leaf { path: Vec::new(), shape: Shape::Text }]);
    }
}
