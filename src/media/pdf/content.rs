//! Content streams that paint one image and nothing else. Source: ISO 32000-1, 8.4 (graphics
//! state), 9.3.6 (text rendering mode 3: invisible).

use hayro::hayro_syntax::content::UntypedIter;
use hayro::hayro_syntax::object::{Name, Object};
use hayro::hayro_syntax::page::Page;

/// How far the image may miss the edges or the proportions of the page, as a share.
const SLACK: f64 = 0.03;

/// A transformation, as the operands of `cm`.
pub(crate) type Matrix = [f64; 6];

/// The transformation that applies `a`, then `b`.
pub(crate) fn multiply(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

/// The name and the transformation of the image that is all that a content stream paints.
/// `None`: it paints anything else, or clips the page.
pub(crate) fn find_only_image<'a>(content: &'a [u8], page: &Page<'_>) -> Option<(Name<'a>, Matrix)> {
    let mut operations = UntypedIter::new(content);
    let (mut matrix, mut saved) = ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], Vec::new());
    let (mut image, mut text_mode) = (None, 0.0);
    let mut clip = None;
    while let Some(operation) = operations.next() {
        let numbers: Vec<f64> = operation
            .operands()
            .filter_map(|operand| match operand {
                Object::Number(number) => Some(number.as_f64()),
                _ => None,
            })
            .collect();
        let operator: &[u8] = operation.operator;
        match operator {
            b"q" => saved.push((matrix, text_mode)),
            b"Q" => (matrix, text_mode) = saved.pop()?,
            b"cm" => matrix = multiply(numbers.try_into().ok()?, matrix),
            b"Tr" => text_mode = *numbers.first()?,
            b"Tj" | b"TJ" | b"'" | b"\"" if text_mode != 3.0 => return None,
            b"re" => {
                let [x, y, width, height] = numbers.try_into().ok()?;
                clip = Some(multiply([width, 0.0, 0.0, height, x, y], matrix));
            }
            // A clip around the whole page has no effect.
            b"W" | b"W*" => covers(page, clip?).then_some(())?,
            // Optional content may be hidden.
            b"BDC" if matches!(operation.operands().next(), Some(Object::Name(name)) if &**name == b"OC") => {
                return None;
            }
            b"Do" => {
                let Some(Object::Name(name)) = operation.operands().next() else { return None };
                if image.replace((name.clone(), matrix)).is_some() {
                    return None;
                }
            }
            b"n" | b"Tj" | b"TJ" | b"'" | b"\"" | b"BT" | b"ET" | b"Tf" | b"Td" | b"TD" | b"Tm" | b"T*" | b"Tc"
            | b"Tw" | b"Tz" | b"TL" | b"Ts" | b"BMC" | b"BDC" | b"EMC" | b"MP" | b"DP" | b"w" | b"J" | b"j" | b"M"
            | b"d" | b"i" | b"ri" | b"g" | b"G" | b"rg" | b"RG" | b"k" | b"K" | b"cs" | b"CS" | b"sc" | b"SC"
            | b"scn" | b"SCN" => {}
            _ => return None,
        }
    }
    image
}

/// Whether an image with this transformation is upright and covers the page.
pub(crate) fn covers(page: &Page<'_>, [a, b, c, d, e, f]: Matrix) -> bool {
    let page = page.intersected_crop_box();
    let (across, down) = (page.width() * SLACK, page.height() * SLACK);
    (b.abs() < 1e-3 * a.abs() && c.abs() < 1e-3 * d.abs() && a > 0.0 && d > 0.0)
        && (e <= page.x0 + across && f <= page.y0 + down)
        && (e + a >= page.x1 - across && f + d >= page.y1 - down)
        // An image that extends far beyond the page is cropped.
        && (a <= page.width() * (1.0 + 2.0 * SLACK) && d <= page.height() * (1.0 + 2.0 * SLACK))
}

/// Whether the pixels of an image with this transformation and size are square.
pub(crate) fn has_square_pixels([a, _, _, d, _, _]: Matrix, width: u32, height: u32) -> bool {
    let ratio = (a / f64::from(width)) / (d / f64::from(height));
    (1.0 - SLACK..=1.0 + SLACK).contains(&ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hayro::hayro_syntax::Pdf;
    use std::sync::Arc;

    /// Calls `check` with a page of 150 x 220 points.
    fn with_page(check: impl Fn(&Page<'_>)) {
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] >>",
        ];
        let mut bytes = "%PDF-1.7\n".to_owned();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (at, object) in objects.iter().enumerate() {
            table += &format!("{:010} 00000 n \n", bytes.len());
            bytes += &format!("{} 0 obj\n{object}\nendobj\n", at + 1);
        }
        let start = bytes.len();
        bytes += &format!("{table}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        let pdf = Pdf::new(Arc::new(bytes.into_bytes())).unwrap();
        check(&pdf.pages()[0]);
    }

    #[test]
    fn which_content_is_one_image() {
        with_page(|page| {
            for (content, found) in [
                ("q 150 0 0 220 0 0 cm /Im0 Do Q", true),
                ("150 0 0 220 0 0 cm /Im0 Do", true),
                ("q 75 0 0 110 0 0 cm 2 0 0 2 0 0 cm /Im0 Do Q", true),
                // A clip around the page, and none around a part of it.
                ("0 0 150 220 re W n /Im0 Do", true),
                ("0 0 75 220 re W n /Im0 Do", false),
                ("W n /Im0 Do", false),
                // Invisible text, and visible text.
                ("/Im0 Do BT 3 Tr (words) Tj ET", true),
                ("/Im0 Do BT (words) Tj ET", false),
                ("q 3 Tr Q /Im0 Do BT (words) Tj ET", false),
                ("/Im0 Do /Im0 Do", false),
                ("/Im0 Do 0 0 m 9 9 l S", false),
                ("/OC /Layer BDC /Im0 Do EMC", false),
                ("/Span << >> BDC /Im0 Do EMC", true),
                ("Q /Im0 Do", false),
                ("1 0 0 1 0 cm /Im0 Do", false),
                ("", false),
            ] {
                assert_eq!(find_only_image(content.as_bytes(), page).is_some(), found, "{content}");
            }
        });
    }

    #[test]
    fn the_transformation_of_the_image_is_that_of_all_operators() {
        with_page(|page| {
            let content = b"q 9 0 0 9 9 9 cm Q q 2 0 0 2 10 20 cm 75 0 0 110 1 2 cm /Im0 Do Q";
            let (name, matrix) = find_only_image(content, page).unwrap();
            assert_eq!((&*name, matrix), (&b"Im0"[..], [150.0, 0.0, 0.0, 220.0, 12.0, 24.0]));
        });
    }

    #[test]
    fn which_images_cover_the_page() {
        with_page(|page| {
            for (matrix, is_covered) in [
                ([150.0, 0.0, 0.0, 220.0, 0.0, 0.0], true),
                ([147.0, 0.0, 0.0, 216.0, 2.0, 2.0], true),
                ([155.0, 0.0, 0.0, 226.0, -3.0, -3.0], true),
                ([140.0, 0.0, 0.0, 220.0, 0.0, 0.0], false),
                ([150.0, 0.0, 0.0, 220.0, 10.0, 0.0], false),
                // Cropped, mirrored, turned.
                ([300.0, 0.0, 0.0, 440.0, 0.0, 0.0], false),
                ([-150.0, 0.0, 0.0, 220.0, 150.0, 0.0], false),
                ([0.0, 220.0, -150.0, 0.0, 150.0, 0.0], false),
            ] {
                assert_eq!(covers(page, matrix), is_covered, "{matrix:?}");
            }
        });
        for (width, height, is_square) in
            [(1500, 2200, true), (1540, 2200, true), (1560, 2200, false), (750, 2200, false)]
        {
            let matrix = [150.0, 0.0, 0.0, 220.0, 0.0, 0.0];
            assert_eq!(has_square_pixels(matrix, width, height), is_square, "{width} x {height}");
        }
    }
}
