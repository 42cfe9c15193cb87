//! Transparency groups of PDF pages blend with what is below them. The reference is Poppler, PDFium and MuPDF: a
//! highlight with the blend mode `Multiply` never hides the text below it.

use super::pdf::{pdf, stream};
use docmill::internal::media::{Document, EarlierPicture, MediaFaultKind};

/// A black bar as the text of the page, which is 200 x 200 points.
const TEXT: &str = "0 g 20 90 160 20 re f";
const HIGHLIGHT: &str = "1 1 0 rg 10 80 180 40 re f";
const NOT_ISOLATED: &str = "/Group << /S /Transparency >>";
const ISOLATED: &str = "/Group << /S /Transparency /I true >>";

/// The number of the first form.
const FIRST_FORM: usize = 5;

/// A form with this content and these entries, whose resources are those of the page.
fn form(entries: &str, content: &str) -> Vec<u8> {
    let dict = format!(
        "/Type /XObject /Subtype /Form /BBox [0 0 200 200] {entries} /Resources << {} >>",
        resources(FIRST_FORM, 3)
    );
    stream(&dict, content.as_bytes())
}

/// `/X0` to `/X2` are the forms; `/M` and others set one entry of the graphics state.
fn resources(first: usize, forms: usize) -> String {
    let names: String = (0..forms).map(|at| format!("/X{at} {} 0 R ", first + at)).collect();
    let mask = format!("<< /S /Alpha /G {} 0 R >>", first + 2);
    format!(
        "/XObject << {names} >> /ExtGState << /M << /BM /Multiply >> /D << /BM [/NoSuchMode /Darken] >> /N << /BM /Normal >> \
         /H << /ca 0.5 >> /K << /SMask {mask} >> /NK << /SMask /None >> >> /Properties << /Off 4 0 R >>"
    )
}

/// A page with this content, forms and annotations. The layer `/Off` is hidden.
fn page(content: &str, annotations: &str, forms: &[Vec<u8>]) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents {} 0 R /Annots [{annotations}] /Resources << {} >> >>",
        FIRST_FORM + forms.len(),
        resources(FIRST_FORM, forms.len())
    );
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [4 0 R] /D << /OFF [4 0 R] >> >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        b"<< /Type /OCG /Name (Off) >>".to_vec(),
    ];
    objects.extend_from_slice(forms);
    objects.push(stream("", content.as_bytes()));
    pdf(&objects)
}

/// What a page shows: whether its text is black, and the highlight beside it yellow. `Err`: the loss.
fn look(bytes: &[u8]) -> Result<(bool, bool), String> {
    let document = Document::open(bytes.to_vec().into()).unwrap();
    let probe = document.probe(1).unwrap();
    let pixels = document.decode(1, &probe, (probe.width, probe.height)).map_err(|fault| {
        assert_eq!(fault.kind, MediaFaultKind::IncompletePage, "{fault}");
        fault.message
    })?;
    let picture = pixels.into_image().unwrap().into_rgb8();
    let at = |y: u32| picture.get_pixel(picture.width() / 2, picture.height() * y / 200).0;
    let ([text, ..], [red, _, blue]) = (at(100), at(85));
    Ok((text < 40, red > 200 && blue < 80))
}

const LOSS: &str = "a transparency group should blend with what is below it";

#[test]
fn a_highlight_never_hides_the_text_below_it() {
    let plain = |content: &str| form("", content);
    let group = |content: &str| form(NOT_ISOLATED, content);
    let multiplied = format!("/M gs {HIGHLIGHT}");
    let annotation = "<< /Type /Annot /Subtype /Highlight /Rect [0 0 200 200] /F 4 /AP << /N 5 0 R >> >>";
    let painted = |how: &str| format!("{TEXT} {how}");
    let shown = Ok((true, true));
    let opaque = Ok((false, true));
    for (content, annotations, forms, expected) in [
        // No group, and groups that are not isolated.
        (painted("/X0 Do"), "", vec![plain(&multiplied)], &shown),
        (painted("/X0 Do"), "", vec![group(&multiplied)], &shown),
        (painted("/X0 Do"), "", vec![form("/Group << /S /Transparency /I false >>", &multiplied)], &shown),
        (painted("/X0 Do"), "", vec![form("/Group<</Type/Group/S/Transparency/K true>>", &multiplied)], &shown),
        (painted("/X0 Do"), "", vec![group(&multiplied.replace("/M", "/D"))], &shown),
        (painted("/M gs /X0 Do"), "", vec![group(HIGHLIGHT)], &shown),
        (painted("/H gs /N gs q /M gs Q /X1 Do"), "", vec![group(""), group(HIGHLIGHT)], &Ok((false, false))),
        // Groups in forms and in groups.
        (painted("/X0 Do"), "", vec![plain("/X1 Do"), group(&multiplied)], &shown),
        (painted("/X0 Do"), "", vec![group("/X1 Do"), group(&multiplied)], &shown),
        (painted("/X0 Do"), "", vec![group("/M gs /X1 Do"), group(HIGHLIGHT)], &shown),
        (painted("/X0 Do"), "", vec![group("/M gs /X1 Do"), plain(HIGHLIGHT)], &shown),
        // Annotations.
        (TEXT.to_owned(), annotation, vec![group(&multiplied)], &shown),
        (TEXT.to_owned(), annotation, vec![plain("/X1 Do"), group(&multiplied)], &shown),
        (TEXT.to_owned(), annotation, vec![group("/M gs /X1 Do"), group(HIGHLIGHT)], &shown),
        // Isolated content, or content that does not blend, is opaque.
        (painted("/X0 Do"), "", vec![form(ISOLATED, &multiplied)], &opaque),
        (painted("/X0 Do"), "", vec![form(ISOLATED, "/X1 Do"), group(&multiplied)], &opaque),
        (painted("/X0 Do"), "", vec![group(HIGHLIGHT)], &opaque),
        (painted("/X0 Do"), "", vec![group(&format!("/M gs /N gs {HIGHLIGHT}"))], &opaque),
        (painted("/X0 Do"), "", vec![group(&format!("q /M gs Q {HIGHLIGHT}"))], &opaque),
        // The group can't be painted as its content.
        (painted("/H gs /X0 Do"), "", vec![group(&multiplied)], &Err(LOSS)),
        (painted("/X0 Do /H gs /X0 Do"), "", vec![group(&multiplied)], &Err(LOSS)),
        (painted("/K gs /X0 Do"), "", vec![group(&multiplied), plain(""), group(HIGHLIGHT)], &Err(LOSS)),
        (painted("/K gs /NK gs /X0 Do"), "", vec![group(&multiplied), plain(""), group(HIGHLIGHT)], &shown),
        (painted("/M gs /X0 Do"), "", vec![group(&multiplied)], &shown),
        // Nothing is below it that would show another tone.
        (
            "/H gs /X0 Do".to_owned(),
            "",
            vec![group(&format!("/M gs {}", HIGHLIGHT.replace("1 1 0 rg", "0 g")))],
            &Ok((false, false)),
        ),
        // Hidden, and never painted.
        (painted("/OC /Off BDC /H gs /X0 Do EMC"), "", vec![group(&multiplied)], &Ok((true, false))),
        (painted("/H gs"), "", vec![group(&multiplied)], &Ok((true, false))),
    ] {
        let bytes = page(&content, annotations, &forms);
        let case = format!("{content} {annotations} {}", String::from_utf8_lossy(&forms.concat()));
        match (look(&bytes), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, *expected, "{case}"),
            (Err(found), Err(lost)) => assert!(found.contains(lost), "{found}: {case}"),
            (found, expected) => panic!("{found:?}, not {expected:?}: {case}"),
        }
    }
}

#[test]
fn only_pages_on_which_something_was_hidden_have_another_picture() {
    let compare = |bytes: Vec<u8>, earlier| {
        Document::open(bytes.into()).unwrap().compare_with_earlier(1, (400, 400), earlier).unwrap()
    };
    let highlighted = |text: &str, how: &str| {
        page(&format!("{text} {how} /X0 Do"), "", &[form(NOT_ISOLATED, &format!("/M gs {HIGHLIGHT}"))])
    };
    for earlier in [2, 4, 6] {
        let found = compare(highlighted(TEXT, ""), earlier);
        let EarlierPicture::Different(reason) = found else { panic!("{earlier}: {found:?}") };
        assert!(reason.contains("transparency groups blend with the page"), "{reason}");
        // Over white paper, a highlight looks the same.
        assert_eq!(compare(highlighted("", ""), earlier), EarlierPicture::Same, "{earlier}");
        let EarlierPicture::Incomplete(lost) = compare(highlighted(TEXT, "/H gs"), earlier) else {
            panic!("{earlier}")
        };
        assert_eq!(lost, LOSS);
    }
    assert_eq!(compare(highlighted(TEXT, ""), 7), EarlierPicture::Same, "blended since then");
}
