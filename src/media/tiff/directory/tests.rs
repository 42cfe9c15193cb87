//! Directories of small files, and what the `tiff` library makes of them.

use super::*;
use std::io::Cursor;
use tiff::decoder::Decoder;
use tiff::tags::IfdPointer;

const LAYOUT: [&[u8]; 2] = [b"II*\0", b"II+\0\x08\0\0\0"];

/// A file with one directory of these entries (tag, type, count, value) after its header.
fn file(is_big_tiff: bool, entries: &[(u16, u16, u64, u64)]) -> Vec<u8> {
    let width = if is_big_tiff { 8 } else { 4 };
    let mut out = LAYOUT[usize::from(is_big_tiff)].to_vec();
    let offset = out.len() + width;
    out.extend(&offset.to_le_bytes()[..width]);
    out.extend(&entries.len().to_le_bytes()[..if is_big_tiff { 8 } else { 2 }]);
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(&count.to_le_bytes()[..width]);
        out.extend(&value.to_le_bytes()[..width]);
    }
    out.extend(vec![0; width]);
    out
}

/// A page of 3 x 2 pixels, as the library needs it.
fn entries() -> Vec<(u16, u16, u64, u64)> {
    vec![(256, 3, 1, 3), (257, 3, 1, 2), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (278, 3, 1, 2), (279, 4, 1, 2)]
}

fn read(bytes: &[u8]) -> Option<(Directory, u64)> {
    let layout = ByteLayout::read(bytes)?;
    Directory::read(bytes, layout, layout.first_directory(bytes)?)
}

#[test]
fn tags_and_their_defaults() {
    for is_big_tiff in [false, true] {
        let bytes = file(is_big_tiff, &entries());
        let (directory, next) = read(&bytes).unwrap();
        assert_eq!((directory.width, directory.height, directory.rows_per_strip, next), (3, 2, 2, 0));
        assert!(directory.is_page() && !directory.is_tiled && !directory.is_planar);
        let (empty, _) = read(&file(is_big_tiff, &[])).unwrap();
        assert_eq!((empty.compression, empty.photometric, empty.orientation, empty.fill_order), (1, None, 1, 1));
        assert_eq!((empty.rows_per_strip, empty.fax_options, empty.is_page()), (u32::MAX, 0, false));
        assert_eq!((empty.bits_per_sample, empty.samples_per_pixel, empty.predictor), (1, 1, 1));
    }
}

#[test]
fn which_directories_are_pages() {
    for (subfile_type, is_page) in [(0, true), (1, false), (2, true), (4, false), (5, false)] {
        let mut entries = entries();
        entries.push((254, 4, 1, subfile_type));
        assert_eq!(read(&file(false, &entries)).unwrap().0.is_page(), is_page, "NewSubfileType {subfile_type}");
    }
}

#[test]
fn values_that_are_not_in_the_file_are_not_read() {
    for (count, value) in [(1 << 31, 8), (2, u32::MAX.into())] {
        let mut entries = entries();
        entries.retain(|entry| entry.0 != 273);
        entries.push((273, 4, count, value));
        let bytes = file(false, &entries);
        let offsets = read(&bytes).unwrap().0.offsets.unwrap();
        assert!(offsets.values(&bytes, ByteLayout::read(&bytes).unwrap()).any(|value| value.is_none()));
        assert_eq!(offsets.raw(&bytes), None, "{count} values at {value}");
    }
    // A directory that claims more entries than the file has.
    let mut bytes = file(false, &entries());
    bytes[8] = 9;
    assert!(read(&bytes).is_none());
    assert!(read(&file(false, &entries())[..40]).is_none());
}

#[test]
fn proportions_come_from_the_resolution() {
    for (across, down, height) in [
        (204, 98, 208),
        (204, 196, 100),
        (300, 300, 100),
        (100, 300, 100),
        // Not a fax.
        (500, 100, 100),
        (300, 0, 100),
        (0, 0, 100),
    ] {
        let mut entries = vec![(256, 3, 1, 50), (257, 3, 1, 100), (282, 5, 1, 0), (283, 5, 1, 0)];
        let end = file(false, &entries).len() as u64;
        (entries[2].3, entries[3].3) = (end, end + 8);
        let mut bytes = file(false, &entries);
        for number in [across, 1_u32, down, 1] {
            bytes.extend(number.to_le_bytes());
        }
        assert_eq!(read(&bytes).unwrap().0.shown_size(), (50, height), "{across} x {down} dpi");
    }
}

// What follows is the reason for this file: if the library can do one of these, see the list above.

#[test]
fn the_library_opens_no_file_whose_first_directory_it_can_not_decode() {
    let without = |tag: u16| entries().into_iter().filter(|entry| entry.0 != tag).collect::<Vec<_>>();
    let with = |tag: u16, value: u64| [without(tag), vec![(tag, 3, 1, value)]].concat();
    assert!(Decoder::new(Cursor::new(file(false, &entries()))).is_ok());
    // No interpretation, an unknown one, no byte counts, more strips than rows.
    for entries in [without(262), with(262, 99), without(279), with(278, 1)] {
        let bytes = file(false, &entries);
        assert!(read(&bytes).is_some_and(|(directory, _)| directory.is_page()), "{entries:?}");
        assert!(Decoder::new(Cursor::new(bytes)).is_err(), "{entries:?}");
    }
}

#[test]
fn the_library_loses_a_page_whose_link_is_cut_off() {
    let bytes = file(false, &entries());
    let cut = &bytes[..bytes.len() - 1];
    assert!(read(cut).is_some_and(|(directory, next)| directory.is_page() && next == 0));
    assert!(Decoder::new(Cursor::new(cut)).is_err());
}

#[test]
fn the_library_is_confused_by_unknown_types_in_a_big_tiff() {
    let mut with_unknown = entries();
    with_unknown.insert(0, (200, 99, 1, 0));
    let bytes = file(true, &with_unknown);
    assert!(read(&bytes).is_some_and(|(directory, _)| directory.is_page()));
    assert!(Decoder::new(Cursor::new(&bytes)).is_err());
    // In a classic TIFF it is not.
    let mut decoder = Decoder::new(Cursor::new(file(false, &with_unknown))).unwrap();
    assert_eq!(decoder.read_directory(IfdPointer(8)).unwrap().len(), entries().len());
}
