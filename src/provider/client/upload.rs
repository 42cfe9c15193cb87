//! A file as a form that is streamed: neither is it held in memory, nor does reading it
//! block the asynchronous thread.

use super::call::{CallBody, FileForm, HttpCall};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use std::io;
use std::path::Path;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// Bytes that are read from the file at a time.
const PIECE_BYTES: usize = 256 << 10;

/// A call that uploads `path` as `form` describes, and the file's length in bytes.
///
/// # Errors
/// When the file can't be opened.
pub(crate) async fn file_call(form: FileForm, path: &Path) -> io::Result<(HttpCall, u64)> {
    let file = File::open(path).await?;
    let length = file.metadata().await?.len();
    let pieces = Body::wrap_stream(ReaderStream::with_capacity(file, PIECE_BYTES));
    let part = Part::stream_with_length(pieces, length)
        .file_name(form.file_name)
        .mime_str(form.media_type)
        .map_err(io::Error::other)?;
    let fields = form.fields.iter().fold(Form::new(), |fields, (name, value)| fields.text(*name, *value));
    let body = CallBody::Form(fields.part(form.file_field, part));
    Ok((HttpCall { method: Method::POST, path: form.path.to_owned(), headers: form.headers, body }, length))
}
