//! Extensions of the files that can be pages. The content of a file decides about its format; its extension decides
//! whether a folder's file is read at all, and stands for the format where no content is read.

/// Extensions in lower case, and the name of the format that files with them usually have. HEIC is not supported, but
/// phones write it, and a row with advice is better than a page that is silently missing.
pub const IMAGE_EXTENSIONS: &[(&str, &str)] = &[
    ("jpg", "jpeg"),
    ("jpeg", "jpeg"),
    ("jpe", "jpeg"),
    ("jfif", "jpeg"),
    ("png", "png"),
    ("webp", "webp"),
    ("gif", "gif"),
    ("bmp", "bmp"),
    ("dib", "bmp"),
    ("tif", "tiff"),
    ("tiff", "tiff"),
    ("pdf", "pdf"),
    ("jp2", "jp2"),
    ("j2k", "jp2"),
    ("jpf", "jp2"),
    ("jpx", "jp2"),
    ("heic", "heic"),
    ("heif", "heic"),
];

/// The name of the format that files with this extension usually have, in any case; `None`: they are not images.
#[must_use]
pub fn format_of_extension(extension: &str) -> Option<&'static str> {
    let known = IMAGE_EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.map(|(_, format)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_extensions_of_a_format_have_its_name() {
        for (extension, format) in
            [("JPG", Some("jpeg")), ("tif", Some("tiff")), ("j2k", Some("jp2")), ("dib", Some("bmp")), ("txt", None)]
        {
            assert_eq!(format_of_extension(extension), format, "{extension}");
        }
    }
}
