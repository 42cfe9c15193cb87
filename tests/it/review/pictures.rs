//! Pictures of pages: encoded again, and only of the labelled content.

use super::client::{Served, reviewed_job};
use crate::bench::page;
use serde_json::Value;

fn picture(served: &Served, page: &Value, side: u32) -> super::client::Got {
    served.get(&format!("/picture?page={}&side={side}", page["page"].as_str().unwrap()))
}

#[test]
fn pictures_are_encoded_anew() {
    let bench = reviewed_job(2, "");
    let served = Served::start(&bench, &[]);
    for shown in served.pages("limit=2") {
        let got = picture(&served, &shown, 320);
        assert_eq!((got.status, got.header("content-type")), (200, Some("image/jpeg")));
        let file = std::fs::read(bench.path("pages").join(shown["path"].as_str().unwrap())).unwrap();
        assert!(got.body.starts_with(&[0xff, 0xd8]) && got.body != file);
        let decoded = image_size(&got.body);
        assert_eq!(decoded, (48, 48), "not enlarged");
    }
}

#[test]
fn a_file_that_has_changed_or_is_gone_has_no_picture() {
    let bench = reviewed_job(3, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("limit=3");
    let file = |at: usize| format!("pages/{}", pages[at]["path"].as_str().unwrap());
    assert_eq!(picture(&served, &pages[0], 1600).status, 200);
    bench.put(&file(0), &page(77));
    std::fs::remove_file(bench.path(&file(1))).unwrap();
    bench.put(&file(2), b"no picture any more");
    for (at, message) in [(0, "has changed"), (1, "can't be read"), (2, "has changed")] {
        let got = picture(&served, &pages[at], 1600);
        assert_eq!(got.status, 410, "{at}");
        assert!(got.text().contains(message), "{at}: {}", got.text());
        assert!(!got.body.starts_with(&[0xff, 0xd8]));
    }
    // When it is back, it is shown again.
    let seed: u32 = pages[1]["path"].as_str().unwrap().trim_end_matches(".jpg").parse().unwrap();
    bench.put(&file(1), &page(seed));
    assert_eq!(picture(&served, &pages[1], 1600).status, 200);
}

#[test]
fn no_picture_is_stored() {
    let bench = reviewed_job(4, "");
    let before = files(&bench.path(""));
    let served = Served::start(&bench, &[]);
    for shown in served.pages("limit=4") {
        assert_eq!(picture(&served, &shown, 640).status, 200);
    }
    let new: Vec<String> = files(&bench.path("")).into_iter().filter(|name| !before.contains(name)).collect();
    assert!(new.iter().all(|name| name.contains("store.db")), "{new:?}");
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}

/// Width and height from the frame header of a JPEG.
fn image_size(jpeg: &[u8]) -> (u16, u16) {
    let mut at = 2;
    loop {
        let (marker, length) = (jpeg[at + 1], usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]])));
        if matches!(marker, 0xc0..=0xc2) {
            let number = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
            return (number(at + 7), number(at + 5));
        }
        at += 2 + length;
    }
}
