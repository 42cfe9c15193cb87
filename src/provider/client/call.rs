//! One HTTP call, as data: dialects describe calls, the client makes them.

use bytes::Bytes;
use reqwest::Method;

/// One HTTP call.
#[derive(Debug)]
pub(crate) struct HttpCall {
    pub(crate) method: Method,
    /// The path and query below the base URL, without a leading slash.
    pub(crate) path: String,
    /// Headers in addition to those of the client.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) body: CallBody,
}

/// The body of a call.
#[derive(Debug)]
pub(crate) enum CallBody {
    Empty,
    /// JSON text.
    Json(Bytes),
    /// `multipart/form-data`.
    Form(reqwest::multipart::Form),
}

/// The call that uploads a file as a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileForm {
    /// The path below the base URL.
    pub(crate) path: &'static str,
    /// Headers in addition to those of the client.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Text fields before the file: name and value.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// The name of the field with the file.
    pub(crate) file_field: &'static str,
    /// The name that the server is given for the file.
    pub(crate) file_name: &'static str,
    /// The file's media type.
    pub(crate) media_type: &'static str,
}

impl HttpCall {
    /// A GET without a body.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, headers: &[], body: CallBody::Empty }
    }

    /// A POST of JSON text.
    pub(crate) fn post(path: &str, body: Bytes) -> Self {
        Self { method: Method::POST, path: path.to_owned(), headers: &[], body: CallBody::Json(body) }
    }
}
