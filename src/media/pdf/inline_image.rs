//! Inline images as objects, so that all scans are read in the same way. Source: ISO 32000-1, 8.9.7.

use super::content_repair::read_token;
use super::fill::Fill;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Name, Object, Stream};
use hayro::hayro_syntax::page::{Page, Resources, Rotation};
use std::sync::Arc;

/// The short and long names of entries.
const KEYS: [(&[u8], &[u8]); 10] = [
    (b"/BPC", b"/BitsPerComponent"),
    (b"/CS", b"/ColorSpace"),
    (b"/D", b"/Decode"),
    (b"/DP", b"/DecodeParms"),
    (b"/F", b"/Filter"),
    (b"/H", b"/Height"),
    (b"/IM", b"/ImageMask"),
    (b"/I", b"/Interpolate"),
    (b"/L", b"/-"),
    (b"/W", b"/Width"),
];
/// The short names of colour spaces.
const COLOR_SPACES: [(&[u8], &[u8]); 4] =
    [(b"/G", b"/DeviceGray"), (b"/RGB", b"/DeviceRGB"), (b"/CMYK", b"/DeviceCMYK"), (b"/I", b"/Indexed")];
/// Colour spaces that replace those of devices.
const DEFAULTS: [&[u8]; 3] = [b"DefaultGray", b"DefaultRGB", b"DefaultCMYK"];

/// An inline image as an object. `None`: its colours depend on the resources of the page.
pub(crate) fn to_object(image: &Stream<'_>, resources: &Resources<'_>) -> Option<Vec<u8>> {
    let has_default = DEFAULTS.iter().any(|name| resources.color_spaces.contains_key(*name));
    let space = ["CS", "ColorSpace"].iter().find_map(|key| image.dict().get::<Object<'_>>(*key));
    let names = match &space {
        None => Vec::new(),
        Some(Object::Name(name)) => vec![name.clone()],
        Some(Object::Array(array)) => array.iter::<Name<'_>>().take(2).collect(),
        Some(_) => return None,
    };
    let is_named = |name: &Name<'_>| resources.color_spaces.contains_key(&**name);
    if has_default || names.iter().any(is_named) {
        return None;
    }
    let entries = expand(image.dict().data().strip_suffix(b"ID")?);
    let data = image.raw_data();
    let head = format!("/Subtype/Image/Length {}>>\nstream\n", data.len());
    Some([b"<<", &*entries, head.as_bytes(), &*data, b"\nendstream"].concat())
}

/// A file of one page, which is of the size of `page` and shows nothing but an image with this colour.
pub(crate) fn to_file(object: &[u8], page: &Page<'_>, matrix: [f64; 6], fill: &Fill) -> Option<Pdf> {
    let box_ = page.intersected_crop_box();
    let turn = match page.rotation() {
        Rotation::None => 0,
        Rotation::Horizontal => 90,
        Rotation::Flipped => 180,
        Rotation::FlippedHorizontal => 270,
    };
    let matrix: String = matrix.iter().map(|number| format!("{number} ")).collect();
    // A colour of which the new file has no space stays one.
    let fill = fill.clone().without_resources().operators().unwrap_or_else(|| "/Pattern cs".to_owned());
    let content = format!("{fill} {matrix}cm /I Do");
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[{} {} {} {}]/Rotate {turn}/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
        box_.x0, box_.y0, box_.x1, box_.y1
    );
    let content = format!("<</Length {}>>\nstream\n{content}\nendstream", content.len());
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let objects: [&[u8]; 5] = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        page.as_bytes(),
        content.as_bytes(),
        object,
    ];
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", bytes.len());
        bytes.extend(format!("{number} 0 obj\n").bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let start = bytes.len();
    let end = format!("{table}trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    bytes.extend(end.bytes());
    Pdf::new(Arc::new(bytes)).ok()
}

/// Entries with their long names. Names of filters are read unchanged.
fn expand(entries: &[u8]) -> Vec<u8> {
    let (mut at, mut depth, mut is_key, mut is_space) = (0, 0_usize, true, false);
    let mut expanded = Vec::with_capacity(entries.len());
    while let Some(rest) = entries.get(at..).filter(|rest| !rest.is_empty()) {
        let token = read_token(rest);
        at += token.len();
        match token {
            b"<<" | b"[" => depth += 1,
            b">>" | b"]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_blank = matches!(token, [byte, ..] if byte.is_ascii_whitespace() || matches!(byte, b'%' | 0));
        let find =
            |names: &[(&[u8], &'static [u8])]| names.iter().find(|(short, _)| *short == token).map(|found| found.1);
        let long = if is_key && depth == 0 && !is_blank {
            is_key = false;
            is_space = matches!(token, b"/CS" | b"/ColorSpace");
            find(&KEYS)
        } else {
            // The end of a value.
            is_key |= depth == 0 && !is_blank;
            if is_space { find(&COLOR_SPACES) } else { None }
        };
        expanded.extend(long.unwrap_or(token));
        if long.is_some() {
            expanded.push(b' ');
        }
    }
    expanded
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn short_names_are_expanded_where_they_are_names_of_entries() {
        for (short, long) in [
            ("/W 3 /H 4 /BPC 8 /CS /G ", "/Width  3 /Height  4 /BitsPerComponent  8 /ColorSpace  /DeviceGray  "),
            (
                "/Width 3/CS[/I /RGB 1 <00>]/F[/AHx /Fl]",
                "/Width 3/ColorSpace [/Indexed  /DeviceRGB  1 <00>]/Filter [/AHx /Fl]",
            ),
            ("/F/CCF/DP<</K -1/H 5>>/IM true", "/Filter /CCF/DecodeParms <</K -1/H 5>>/ImageMask  true"),
            ("/D[1 0]/I true/L 20 ", "/Decode [1 0]/Interpolate  true/-  20 "),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&expand(short.as_bytes())), long);
        }
    }
}
