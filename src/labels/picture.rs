//! Pictures of pages in HTML pages.

use crate::base::escape::html_text;
use crate::base::units::grouped;

/// A picture of a page.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// A JPEG.
    pub(crate) jpeg: bytes::Bytes,
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
}

/// The element that shows a picture, or why there is none. `name`: the escaped name of the page.
pub(crate) fn picture_html(picture: Result<Picture, String>, name: &str) -> String {
    match picture {
        Ok(Picture { jpeg, width, height }) => {
            let data = base64_simd::STANDARD.encode_to_string(&jpeg);
            format!("<img src=\"data:image/jpeg;base64,{data}\" width=\"{width}\" height=\"{height}\" alt=\"{name}\">")
        }
        Err(reason) => format!("<div class=\"none\">{}</div>", html_text(&reason)),
    }
}

/// The heading of pictures of `shown` pages of `all`, and the beginning of their list.
pub(crate) fn pictures_heading(title: &str, shown: usize, all: u64) -> String {
    let of_all = match all > shown as u64 {
        true => format!(" ({shown} of {})", grouped(all)),
        false => String::new(),
    };
    format!("<h2 class=\"part\">{title}{of_all}</h2>\n<div class=\"pages\">\n")
}
