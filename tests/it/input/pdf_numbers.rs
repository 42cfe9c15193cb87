//! The numbers of the pages of a PDF. In each document the height of a page, in inches, identifies
//! which page it is.

use crate::bench::Bench;
use crate::input::pdf::{pdf, stream};
use crate::skip::{CASES, case_file, skip};
use docmill::internal::media::{Document, MediaFaultKind, PageLayout};

/// A page of this height in inches.
fn page(inches: u32) -> String {
    format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 {}] >>", 72 * inches)
}

/// A document whose root lists `kids` and has these `entries`. The objects 3, 4 and 5 are the
/// pages 1, 2 and 3; `more` are the objects from 6.
fn document(kids: &str, entries: &str, more: &[&str]) -> Vec<u8> {
    let root = format!("<< /Type /Pages /Kids [{kids}] {entries} >>");
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned(), root, page(1), page(2), page(3)];
    objects.extend(more.iter().map(|&object| object.to_owned()));
    pdf(&objects.into_iter().map(String::into_bytes).collect::<Vec<_>>())
}

/// The pages in their order: the height of each in inches, `x` for one that can't be read.
fn shown(document: &Document) -> String {
    let show = |number| match document.probe(number) {
        Ok(probe) => (probe.height / 300).to_string(),
        Err(fault) => {
            assert_eq!(fault.kind, MediaFaultKind::Damaged, "{fault}");
            assert_eq!(fault.message, format!("page {number} of the PDF is missing or damaged"));
            "x".to_owned()
        }
    };
    (1..=document.layout().count).map(show).collect::<Vec<_>>().join(" ")
}

/// Kids of the root, its other entries, objects from 6; the pages, those that repeat earlier
/// ones, and today's numbers of the pages of earlier versions.
type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a str, &'a [(u32, u32)], Option<&'a [u32]>);

#[test]
fn pages_have_the_numbers_of_the_page_tree() {
    const NODE: &str = "<< /Type /Pages /Parent 2 0 R /Kids [4 0 R 5 0 R] /Count 2 >>";
    let cases: &[Case<'_>] = &[
        ("3 0 R 4 0 R 5 0 R", "/Count 3", &[], "1 2 3", &[], None),
        // Pages that appear more than once.
        ("3 0 R 4 0 R 3 0 R 5 0 R", "/Count 4", &[], "1 2 1 3", &[(3, 1)], Some(&[1, 2, 4])),
        ("3 0 R 4 0 R 3 0 R 3 0 R", "/Count 4", &[], "1 2 1 1", &[(3, 1), (4, 1)], None),
        ("6 0 R 3 0 R 6 0 R", "/Count 5", &[NODE], "2 3 1 2 3", &[(4, 1), (5, 2)], None),
        ("4 0 R 6 0 R", "/Count 3", &[NODE], "2 2 3", &[(2, 1)], Some(&[1, 3])),
        // Pages that can't be read: missing, not a dictionary, without an end.
        ("3 0 R 99 0 R 5 0 R", "/Count 3", &[], "1 x 3", &[], Some(&[1, 3])),
        ("99 0 R 4 0 R 5 0 R", "/Count 3", &[], "x 2 3", &[], Some(&[2, 3])),
        ("3 0 R 4 0 R 99 0 R", "/Count 3", &[], "1 2 x", &[], None),
        ("98 0 R 99 0 R", "/Count 2", &[], "x x", &[], None),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["42"], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["[1 2]"], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["null"], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Type /Page /MediaBox [0 0"], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R null 5 0 R", "/Count 3", &[], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 7.5 (page) /Page 5 0 R", "/Count 5", &[], "1 x x x 3", &[], Some(&[1, 5])),
        ("3 0 R 99 0 R 3 0 R", "/Count 3", &[], "1 x 1", &[(3, 1)], None),
        // Pages that are not as they should be, but can be read.
        ("3 0 R << /Type /Page /MediaBox [0 0 72 288] >> 5 0 R", "/Count 3", &[], "1 4 3", &[], None),
        ("3 0 R 6 0 R", "/Count 2", &["<< /MediaBox [0 0 72 288] >>"], "1 4", &[], None),
        ("3 0 R 6 0 R", "/Count 2", &["<< /Type /Font /MediaBox [0 0 72 288] >>"], "1 4", &[], None),
        ("3 0 R 6 0 R", "/Count 2", &["<< /Type /Page /Kids [4 0 R] /MediaBox [0 0 72 288] >>"], "1 4", &[], None),
        // Objects that are not pages, which the library takes for empty ones.
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Type /Font >>"], "1 x 3", &[], Some(&[1, 0, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Type /Annot /Contents (words) >>"], "1 x 3", &[], Some(&[1, 0, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Size 7 >>"], "1 x 3", &[], Some(&[1, 0, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 2", &["<< /Type /Font >>"], "1 3", &[], Some(&[1, 0, 2])),
        // Nodes, with entries that their pages inherit.
        ("3 0 R 6 0 R", "/Count 3", &[NODE], "1 2 3", &[], None),
        (
            "3 0 R 6 0 R",
            "/Count 2",
            &["<< /Type /Pages /MediaBox [0 0 72 288] /Kids 7 0 R >>", "[8 0 R]", "<< /Type /Page >>"],
            "1 4",
            &[],
            None,
        ),
        ("3 0 R 6 0 R 5 0 R", "/Count 2", &["<< /Type /Pages /Kids [] /Count 0 >>"], "1 3", &[], None),
        // Nodes of the wrong type.
        ("3 0 R 6 0 R", "/Count 3", &["<< /Kids [4 0 R 5 0 R] /Count 2 >>"], "1 2 3", &[], Some(&[1, 0])),
        (
            "3 0 R 6 0 R 3 0 R",
            "/Count 4",
            &["<< /Type /Catalog /Kids [4 0 R 7 0 R] >>", "<< /Kids [5 0 R] >>"],
            "1 2 3 1",
            &[(4, 1)],
            Some(&[1, 0]),
        ),
        (
            "3 0 R 6 0 R",
            "/Count 2",
            &["<< /Type /Pages /MediaBox [0 0 72 288] /Contents 7 0 R >>", "null"],
            "1 4",
            &[],
            None,
        ),
        // Nodes whose pages are missing.
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Type /Pages /Kids 99 0 R >>"], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Type /Pages /Count 1 >>"], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 6 0 R 5 0 R", "/Count 2", &["<< /Type /Pages /Count 0 >>"], "1 3", &[], None),
        // References with another generation than the objects have: of a page, of a node, and to nothing.
        ("3 0 R 4 1 R 5 0 R", "/Count 3", &[], "1 2 3", &[], Some(&[1, 3])),
        ("3 0 R 6 2 R", "/Count 3", &[NODE], "1 2 3", &[], None),
        ("6 0 R", "/Count 2", &["<< /Type /Pages /Parent 2 0 R /Kids [4 7 R 5 0 R] >>"], "2 3", &[], Some(&[2])),
        ("3 0 R 99 1 R 5 0 R", "/Count 3", &[], "1 x 3", &[], Some(&[1, 3])),
        ("3 0 R 2 1 R 5 0 R", "/Count 2", &[], "1 3", &[], None),
        // Cycles.
        ("3 0 R 2 0 R 5 0 R", "/Count 2", &[], "1 3", &[], None),
        ("3 0 R 2 0 R 5 0 R", "/Count 3", &[], "1 3 x", &[], None),
        ("3 0 R 6 0 R 5 0 R", "/Count 3", &["<< /Type /Pages /Kids [4 0 R 6 0 R 2 0 R] >>"], "1 2 3", &[], None),
        // The number of pages that the root states.
        ("3 0 R 4 0 R", "/Count 5", &[], "1 2 x x x", &[], None),
        ("3 0 R 99 0 R 5 0 R", "/Count 5", &[], "1 x 3 x x", &[], Some(&[1, 3])),
        ("3 0 R 99 0 R 5 0 R", "/Count 2", &[], "1 3", &[], None),
        ("3 0 R 4 0 R", "/Count 9", &[], "1 2 x x x x x x x", &[], None),
        ("3 0 R 4 0 R", "/Count 20000", &[], "1 2", &[], None),
        ("3 0 R 4 0 R", "/Count 2000000000", &[], "1 2", &[], None),
        ("3 0 R 4 0 R", "/Count 1", &[], "1 2", &[], None),
        ("3 0 R 4 0 R", "/Count -3", &[], "1 2", &[], None),
        ("3 0 R 4 0 R", "/Count (two)", &[], "1 2", &[], None),
        ("3 0 R 4 0 R", "", &[], "1 2", &[], None),
    ];
    for (kids, entries, more, pages, repeats, earlier) in cases {
        let name = format!("[{kids}] {entries} {more:?}");
        let document =
            Document::open(document(kids, entries, more).into()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(shown(&document), *pages, "{name}");
        let layout = PageLayout {
            count: document.layout().count,
            repeats: repeats.to_vec(),
            earlier_numbers: earlier.map(<[u32]>::to_vec),
            numbered_since: 3,
        };
        assert_eq!(document.layout(), layout, "{name}");
    }
}

#[test]
fn a_repeated_page_has_the_same_picture_and_a_missing_one_has_none() {
    let marked = |gray: &str| stream("", format!("{gray} g 0 0 72 72 re f").as_bytes());
    let page = |content: u32| format!("<< /Type /Page /MediaBox [0 0 72 72] /Contents {content} 0 R >>").into_bytes();
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 4 0 R 3 0 R 9 0 R] /Count 4 >>".to_vec(),
        page(5),
        page(6),
        marked("0"),
        marked("0.5"),
    ];
    let document = Document::open(pdf(&objects).into()).unwrap();
    let picture = |number| {
        let probe = document.probe(number)?;
        Ok::<_, docmill::internal::media::MediaFault>(document.decode(number, &probe, (50, 50))?.data)
    };
    assert!(picture(1) == picture(3) && picture(1) != picture(2));
    assert_eq!(picture(4).unwrap_err().kind, MediaFaultKind::Damaged);
    assert_eq!(picture(5).unwrap_err().kind, MediaFaultKind::NoPages);
    let probe = document.probe(1).unwrap();
    assert_eq!(document.decode(4, &probe, (50, 50)).err().unwrap().kind, MediaFaultKind::Damaged);
}

#[test]
fn pages_without_a_page_tree_are_still_found() {
    let page = |inches: u32| format!("<< /Type /Page /MediaBox [0 0 72 {}] /Contents 9 0 R >>", 72 * inches);
    let catalog = "<< /Type /Catalog /Pages 2 0 R >>";
    let objects = |root: &str| [catalog, root, &page(1), &page(2)].map(|object| object.as_bytes().to_vec());
    for root in ["null", "<< /Type /Pages /Count 2 >>", "<< /Type /Pages /Kids 99 0 R /Count 2 >>", "(no tree)"] {
        let document = Document::open(pdf(&objects(root)).into()).unwrap();
        assert_eq!((shown(&document), document.layout()), ("1 2".into(), PageLayout::of_count(2)), "{root}");
    }
    // No table of objects.
    let whole = document("3 0 R 99 0 R 3 0 R 5 0 R", "/Count 4", &[]);
    let at = whole.windows(5).position(|window| window == b"xref\n").unwrap();
    let document = Document::open([&whole[..at], b"trailer << /Root 1 0 R >>"].concat().into()).unwrap();
    assert_eq!(shown(&document), "1 x 1 3");
    assert_eq!(document.layout().earlier_numbers, Some(vec![1, 4]));
}

/// Documents that claim more pages than any viewer shows.
#[test]
fn a_few_objects_can_not_be_millions_of_pages() {
    let kids = |id: usize| format!("{id} 0 R ").repeat(40);
    // Each node lists the next one 40 times.
    let nodes: Vec<String> = (6..12).map(|id| format!("<< /Type /Pages /Kids [{}] >>", kids(id + 1))).collect();
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).chain(["<< /Type /Pages /Kids [3 0 R] >>"]).collect();
    let one = Document::open(document("6 0 R", "/Count 4096000000", &nodes).into()).unwrap();
    assert_eq!(one.layout(), PageLayout::of_count(1));
    // Nodes without pages.
    let nodes: Vec<&str> = nodes[..6].iter().copied().chain(["<< /Type /Pages /Kids [] >>"]).collect();
    let one = Document::open(document("6 0 R 3 0 R", "/Count 1", &nodes).into()).unwrap();
    assert_eq!(one.layout(), PageLayout::of_count(1));
    // A page that is listed 200,000 times.
    let one = Document::open(document(&"3 0 R ".repeat(200_000), "/Count 200000", &[]).into()).unwrap();
    assert_eq!(one.layout(), PageLayout::of_count(1));
    let many = Document::open(document(&"3 0 R ".repeat(2000), "/Count 2000", &[]).into()).unwrap();
    assert_eq!((many.layout().count, many.layout().repeats.len()), (2000, 1999));
    // Nodes in nodes.
    let depth = 3000;
    let nodes: Vec<String> = (0..depth).map(|at| format!("<< /Type /Pages /Kids [{} 0 R] >>", at + 7)).collect();
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).chain(["<< /Type /Page >>"]).collect();
    assert_eq!(Document::open(document("6 0 R", "", &nodes).into()).unwrap().layout().count, 1);
}

#[test]
fn pages_that_are_counted_and_not_listed_are_kept_up_to_a_limit() {
    for (count, pages) in [(101, 101), (102, 102), (103, 2)] {
        let document = Document::open(document("3 0 R 4 0 R", &format!("/Count {count}"), &[]).into()).unwrap();
        assert_eq!(document.layout(), PageLayout::of_count(pages), "{count}");
    }
}

#[test]
fn a_large_document_has_all_its_pages() {
    let pages: Vec<String> = (0..20_000).map(|_| page(1)).collect();
    let kids: String = (0..20_000).map(|at| format!("{} 0 R ", if at == 9_999 { 4 } else { at + 6 })).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let document = Document::open(document(&kids, "/Count 20000", &pages).into()).unwrap();
    assert_eq!(document.layout(), PageLayout::of_count(20_000));
    assert_eq!(document.probe(10_000).unwrap().height, 600);
}

#[test]
fn documents_of_others_have_their_page_numbers() {
    let test = "documents_of_others_have_their_page_numbers";
    for (name, pages) in
        [("abac.pdf", ["ok", "ok", "ok", "ok"].as_slice()), ("a-missing-c.pdf", &["ok", "failed", "ok"])]
    {
        let Some(file) = case_file(&format!("18-pdf-page-numbers/{name}")) else { return skip(CASES, test) };
        let document = Document::open(std::fs::read(file).unwrap().into()).unwrap();
        let states: Vec<_> = (1..=document.layout().count)
            .map(|page| if document.probe(page).is_ok() { "ok" } else { "failed" })
            .collect();
        assert_eq!(states, pages, "{name}");
    }
}

#[test]
fn an_unreadable_page_is_a_row_between_the_others() {
    let bench = Bench::with_pages(1);
    bench.put("pages/some.pdf", &document("3 0 R 99 0 R 5 0 R", "/Count 3", &[]));
    let prepared = bench.docmill(&["prepare", "pages/some.pdf", "--out", "prepared"]);
    let lines: Vec<&str> = prepared.stdout.lines().collect();
    assert_eq!((prepared.code, lines.len()), (3, 3), "{}", prepared.stdout);
    assert_eq!(lines[1], "pages/some.pdf page 2  failed: page 2 of the PDF is missing or damaged");
    assert!(lines[2].starts_with("pages/some.pdf page 3  ") && lines[2].ends_with("some-3.jpg"));
}
