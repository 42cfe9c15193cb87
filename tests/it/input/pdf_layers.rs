//! Layers of PDF pages: hidden content is not drawn, and content that the renderer can't hide or show is a loss. The
//! reference is ISO 32000-1, 8.11; for usage states without a rule PDFium, MuPDF and pdf.js.

use crate::input::pdf::{pdf, stream};
use docmill::internal::media::{Document, EarlierPicture, MediaFaultKind};

/// A page of 200 x 200 points with a black square in the middle in the layer `/O`, which is this entry of the properties.
/// The objects 5 and 6 are groups; `first` has the entries of the first; `config` those of the default configuration.
fn page(layer: &str, config: &str, first: &str, content: &str, page_entries: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let catalog =
        format!("<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [5 0 R 6 0 R] /D << {config} >> >> >>");
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] {page_entries} /Contents 4 0 R \
         /Resources << /Properties << /O {layer} >> /XObject << /F 7 0 R >> >> >>"
    );
    let mut objects = vec![
        catalog.into_bytes(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        stream("", format!("0 g 5 5 9 9 re f {content}").as_bytes()),
        format!("<< /Type /OCG /Name (First) {first} >>").into_bytes(),
        b"<< /Type /OCG /Name (Second) >>".to_vec(),
    ];
    objects.extend_from_slice(more);
    pdf(&objects)
}

const SQUARE: &str = "/OC /O BDC 50 50 100 100 re f EMC";

/// Whether the middle of the page is black; `None`: the page is a loss because of a layer.
fn is_shown(bytes: Vec<u8>) -> Option<bool> {
    let document = Document::open(bytes.into()).unwrap();
    let probe = document.probe(1).unwrap();
    match document.decode(1, &probe, (200, 200)) {
        Ok(pixels) => {
            let picture = pixels.into_image().unwrap().into_luma8();
            assert!(picture.get_pixel(9, 190).0[0] < 50, "the page is blank");
            Some(picture.get_pixel(100, 100).0[0] < 50)
        }
        Err(fault) => {
            assert_eq!(fault.kind, MediaFaultKind::IncompletePage);
            assert!(fault.message.contains("a layer can't be shown or hidden"), "{fault}");
            None
        }
    }
}

#[test]
fn layers_are_shown_as_the_document_states() {
    const OFF: &str = "/Usage << /View << /ViewState /OFF >> >>";
    const ON: &str = "/Usage << /View << /ViewState /ON >> >>";
    const RULE: &str = "/AS [<< /Event /View /Category [/View] /OCGs [5 0 R] >>]";
    for (config, first, expected) in [
        ("", "", true),
        ("/OFF [5 0 R]", "", false),
        ("/OFF [6 0 R]", "", true),
        ("/BaseState /OFF", "", false),
        ("/BaseState /OFF /ON [5 0 R]", "", true),
        ("/BaseState /Unchanged", "", true),
        // The state for viewing.
        (RULE, OFF, false),
        (RULE, ON, true),
        (RULE, "", true),
        ("/OFF [5 0 R] /AS [<< /Event /View /Category [/View] /OCGs [5 0 R] >>]", ON, true),
        ("/OFF [5 0 R]", ON, false),
        ("", OFF, false),
        ("/AS [<< /Event /Print /Category [/Print] /OCGs [5 0 R] >>]", OFF, false),
        // The state for printing.
        (RULE, "/Usage << /Print << /PrintState /OFF >> >>", true),
        ("/AS [<< /Event /Print /OCGs [5 0 R] >>]", "/Usage << /Print << /PrintState /OFF >> >>", true),
    ] {
        assert_eq!(is_shown(page("5 0 R", config, first, SQUARE, "", &[])), Some(expected), "{config} {first}");
        // Of a form.
        let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 200 200] /OC 5 0 R", b"50 50 100 100 re f");
        assert_eq!(is_shown(page("5 0 R", config, first, "/F Do", "", &[form])), Some(expected), "{config} {first}");
    }
    // Those of other groups are unchanged.
    let both = "/OFF [6 0 R] /AS [<< /Event /View /OCGs [5 0 R] >>]";
    assert_eq!(is_shown(page("6 0 R", both, OFF, SQUARE, "", &[])), Some(false));
    assert_eq!(is_shown(page("6 0 R", RULE, OFF, SQUARE, "", &[])), Some(true));
}

#[test]
fn what_the_renderer_can_not_hide_is_a_loss() {
    let member = |entries: &str| format!("<< /Type /OCMD {entries} >>").into_bytes();
    for (entries, expected) in [
        ("/OCGs [5 0 R 6 0 R]", Some(true)),
        ("/OCGs [5 0 R 6 0 R] /P /AllOn", Some(false)),
        ("/OCGs 5 0 R", Some(false)),
        ("/OCGs 5 0 R /P /AnyOff", Some(true)),
        ("/OCGs [6 0 R] /P /AllOff", Some(false)),
        ("/OCGs []", Some(true)),
        ("", Some(true)),
        // Expressions.
        ("/OCGs [6 0 R] /VE [/And 5 0 R 6 0 R]", None),
        ("/OCGs [6 0 R] /VE [/Or 5 0 R 6 0 R]", Some(true)),
        ("/OCGs [5 0 R] /VE [/Not 5 0 R]", None),
        ("/OCGs [6 0 R] /VE [/Not [/Or 5 0 R [/Not 6 0 R]]]", Some(true)),
        ("/OCGs [6 0 R] /VE [/Xor 5 0 R 6 0 R]", Some(true)),
    ] {
        let bytes = page("7 0 R", "/OFF [5 0 R]", "", SQUARE, "", &[member(entries)]);
        assert_eq!(is_shown(bytes), expected, "{entries}");
        // A dictionary that is not a separate object.
        let direct = String::from_utf8(member(entries)).unwrap();
        let is_hidden = expected == Some(false) || entries.contains("/And");
        let expected = if is_hidden { None } else { Some(true) };
        assert_eq!(is_shown(page(&direct, "/OFF [5 0 R]", "", SQUARE, "", &[])), expected, "{entries}");
    }
    // Within a hidden layer it does not matter.
    let inner = "/OC /P BDC /OC /O BDC 50 50 100 100 re f EMC EMC";
    let entries = "/OFF [5 0 R]";
    let bytes = page("<< /Type /OCMD /OCGs 5 0 R >> /P 5 0 R", entries, "", inner, "", &[]);
    assert_eq!(is_shown(bytes), Some(false));
}

#[test]
fn content_that_belongs_to_no_layer_is_shown() {
    // The group is not one of those that the document lists.
    let listed = |config: &str, first: &str| {
        let bytes = page("5 0 R", config, first, SQUARE, "", &[]);
        let text = String::from_utf8(bytes).unwrap();
        text.replace("/OCGs [5 0 R 6 0 R] /D", "/OCGs [6 0 R 6 0 R] /D").into_bytes()
    };
    let off = "/Usage << /View << /ViewState /OFF >> >>";
    for (config, first) in [
        ("/OFF [5 0 R]", ""),
        ("/OFF [5 0 R 6 0 R]", ""),
        ("/BaseState /OFF", ""),
        ("/AS [<< /Event /View /OCGs [5 0 R] >>]", off),
        ("", off),
    ] {
        assert_eq!(is_shown(listed(config, first)), Some(true), "{config} {first}");
    }
    // The tag is not that of layers: the renderer would hide the content.
    for content in ["/Span /O BDC 50 50 100 100 re f EMC", "/Span << /OC 5 0 R >> BDC 50 50 100 100 re f EMC"] {
        assert_eq!(is_shown(page("5 0 R", "", "", content, "", &[])), Some(true), "{content}");
        let hidden = is_shown(page("5 0 R", "/OFF [5 0 R]", "", content, "", &[]));
        assert!(hidden != Some(false), "{content}");
    }
}

#[test]
fn annotations_in_hidden_layers_are_not_drawn() {
    let appearance = stream("/Type /XObject /Subtype /Form /BBox [0 0 100 100]", b"0 g 0 0 100 100 re f");
    let note = |entries: &str| format!("<< /Type /Annot /Rect [50 50 150 150] {entries} >>");
    let with = |annotation: &str, config: &str, is_object: bool| {
        let list = if is_object { "8 0 R" } else { annotation };
        let more = [appearance.clone(), annotation.as_bytes().to_vec()];
        page("5 0 R", config, "", "", &format!("/Annots [{list}]"), &more)
    };
    let stamp = note("/Subtype /Stamp /AP << /N 7 0 R >> /OC 5 0 R");
    let square = note("/Subtype /Square /IC [0] /OC 5 0 R");
    for (annotation, is_object, hidden) in [
        (&stamp, true, Some(false)),
        (&stamp, false, Some(false)),
        (&square, true, Some(false)),
        (&square, false, Some(false)),
    ] {
        assert_eq!(is_shown(with(annotation, "", is_object)), Some(true), "{annotation}");
        assert_eq!(is_shown(with(annotation, "/OFF [5 0 R]", is_object)), hidden, "{annotation} {is_object}");
    }
    // Others of the page are drawn.
    let other = note("/Subtype /Square /IC [0]");
    let both = format!("{stamp} {other}");
    assert_eq!(is_shown(with(&both, "/OFF [5 0 R]", false)), Some(true));
    // Viewers do not look at the layer of the appearance.
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 100 100] /OC 5 0 R", b"0 g 0 0 100 100 re f");
    for config in ["", "/OFF [5 0 R]", "/BaseState /OFF"] {
        let note = note("/Subtype /Stamp /AP << /N 7 0 R >>");
        for list in ["8 0 R", &note] {
            let more = [form.clone(), note.clone().into_bytes()];
            let bytes = page("5 0 R", config, "", "", &format!("/Annots [{list}]"), &more);
            assert_eq!(is_shown(bytes), Some(true), "{config}");
        }
    }
}

#[test]
fn what_earlier_versions_made_of_layers() {
    let compare = |bytes: Vec<u8>, earlier: u32| {
        Document::open(bytes.into()).unwrap().compare_with_earlier(1, (200, 200), earlier).unwrap()
    };
    let different = |reason: &str| EarlierPicture::Different(reason.to_owned());
    let off = "/Usage << /View << /ViewState /OFF >> >>";
    let layers = different("layers are shown or hidden otherwise now");
    let annotations = different("annotations are drawn otherwise now");
    let square = "/Annots [<< /Type /Annot /Subtype /Square /IC [0] /Rect [50 50 150 150] /OC 5 0 R >>]";
    for earlier in [7, 9, 10] {
        assert_eq!(compare(page("5 0 R", "", off, SQUARE, "", &[]), earlier), layers);
        assert_eq!(compare(page("5 0 R", "", off, "", square, &[]), earlier), annotations);
        for config in ["", "/OFF [5 0 R]"] {
            assert_eq!(compare(page("5 0 R", config, "", SQUARE, "", &[]), earlier), EarlierPicture::Same);
        }
        // Nothing is in the layer.
        assert_eq!(compare(page("5 0 R", "", off, "", "", &[]), earlier), EarlierPicture::Same);
    }
    // Version 11 drew the same, except for layers that the document does not list and those of appearances.
    let note = "<< /Type /Annot /Subtype /Stamp /Rect [50 50 150 150] /AP << /N 7 0 R >>";
    let notes = |layer: &str, of_appearance: &str| {
        let form = stream(&format!("/Subtype /Form /BBox [0 0 100 100] {of_appearance}"), b"0 g 0 0 100 100 re f");
        [form, format!("{note} {layer} >>").into_bytes()]
    };
    let of_appearance = notes("", "/OC 5 0 R");
    let unlisted = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap().replace("/OCGs [5 0 R 6 0 R]", "/OCGs [6 0 R 6 0 R]").into_bytes()
    };
    for (bytes, expected) in [
        (page("5 0 R", "", off, SQUARE, "", &[]), EarlierPicture::Same),
        (page("5 0 R", "", off, "", square, &[]), EarlierPicture::Same),
        (page("5 0 R", "/OFF [5 0 R]", "", SQUARE, square, &[]), EarlierPicture::Same),
        (page("5 0 R", "", off, "", "/Annots [8 0 R]", &notes("/OC 5 0 R", "")), EarlierPicture::Same),
        (page("5 0 R", "/OFF [5 0 R]", "", "", "/Annots [8 0 R]", &of_appearance), layers.clone()),
        (unlisted(page("5 0 R", "/OFF [5 0 R]", "", SQUARE, "", &[])), layers.clone()),
        (unlisted(page("5 0 R", "/OFF [5 0 R]", "", "", "", &[])), EarlierPicture::Same),
    ] {
        assert_eq!(compare(bytes, 11), expected);
    }
}

#[test]
fn what_follows_a_form_that_leaves_a_hidden_layer_open_is_lost() {
    let square = "50 50 100 100 re f";
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 200 200]", b"/OC /O BDC 9 9 5 5 re f");
    for (content, expected) in [
        (format!("/F Do {square}"), None),
        (format!("{square} /F Do"), Some(true)),
        (format!("/F Do EMC {square}"), Some(true)),
        (format!("/F Do BMC EMC {square}"), None),
        (format!("/F Do EMC /F Do {square}"), None),
        (format!("/F Do EMC /F Do EMC {square}"), Some(true)),
        ("/F Do 50 50 100 100 re n".to_owned(), Some(false)),
    ] {
        let form = std::slice::from_ref(&form);
        assert_eq!(is_shown(page("5 0 R", "/OFF [5 0 R]", "", &content, "", form)), expected, "{content}");
        assert_eq!(is_shown(page("5 0 R", "", "", &format!("/F Do {square}"), "", form)), Some(true), "{content}");
    }
}
