//! What versions of docmill before this one made of a page.

/// An earlier picture of a page, compared with the one that is made now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum EarlierPicture {
    /// The same.
    Same,
    /// It lacked something; a lower-case fragment.
    Incomplete(String),
    /// It looked different; a lower-case fragment.
    Different(String),
}
