//! Files of every kind, whole and with every kind of fault.

use super::*;
use crate::media::jpeg::test_parts::{assert_needs_all_intervals, assert_needs_all_scans, first_data, markers};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

const SIZE: (u16, u16) = (61, 47);
const SIZE_OF_ALL: (u32, u32) = (61, 47);

fn encode(kind: &str) -> Vec<u8> {
    let (width, height) = SIZE;
    let tone = |at: usize| (at * at / 7 % 251) as u8 ^ if at.is_multiple_of(3) { 0x55 } else { 0 };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 85);
    let (channels, color) = if kind == "grey" { (1, ColorType::Luma) } else { (3, ColorType::Rgb) };
    match kind {
        "420" => encoder.set_sampling_factor(SamplingFactor::F_2_2),
        "progressive" => encoder.set_progressive_scans(6),
        "restarts" => encoder.set_restart_interval(1),
        "progressive restarts" => {
            encoder.set_progressive_scans(4);
            encoder.set_restart_interval(5);
        }
        "optimized" => encoder.set_optimized_huffman_tables(true),
        _ => {}
    }
    let pixels: Vec<u8> = (0..usize::from(width) * usize::from(height) * channels).map(tone).collect();
    encoder.encode(&pixels, width, height, color).unwrap();
    out
}

const KINDS: [&str; 7] = ["grey", "444", "420", "progressive", "restarts", "progressive restarts", "optimized"];

fn kind_of(bytes: &[u8]) -> Option<MediaFaultKind> {
    check_complete(bytes).err().map(|fault| fault.kind)
}

#[test]
fn whole_files_and_bytes_that_are_too_many() {
    for kind in KINDS {
        let whole = encode(kind);
        assert_eq!(kind_of(&whole), None, "{kind}");
        assert_eq!(kind_of(&[&whole[..], b"trailer", &whole].concat()), None, "{kind} with a trailer");
        let end = whole.len() - 2;
        for more in [&b"\0"[..], b"\x55\xAA\0\0\0", b"\xFF\xFF", b"\xFF\0", &[0; 60], &[0xFF; 300]] {
            let bytes = [&whole[..end], more, &whole[end..]].concat();
            assert_eq!(kind_of(&bytes), None, "{kind} with {more:x?} before its end");
        }
        for more in [[0; 100], [0x55; 100]] {
            let bytes = [&whole[..end], &more, &whole[end..]].concat();
            assert_eq!(kind_of(&bytes), Some(MediaFaultKind::Damaged), "{kind} with {more:x?} before its end");
        }
    }
}

#[test]
fn files_that_end_early_and_have_an_end() {
    for kind in KINDS {
        let whole = encode(kind);
        for at in (first_data(&whole)..whole.len() - 2).step_by(5) {
            let cut = [&whole[..at], b"\xFF\xD9"].concat();
            // The last byte of a scan may hold nothing but padding.
            if at < whole.len() - 3 {
                let found = kind_of(&cut);
                let expected = [Some(MediaFaultKind::CutShort), Some(MediaFaultKind::Damaged)];
                assert!(expected.contains(&found), "{kind}, {at} of {} bytes: {found:?}", whole.len());
            }
        }
        let middle = (first_data(&whole) + whole.len()) / 2;
        assert_eq!(kind_of(&[&whole[..middle], b"\xFF\xD9"].concat()), Some(MediaFaultKind::CutShort), "{kind}");
        assert!(kind_of(&[&whole[..middle], b"\xFF\xE2", &whole[middle..]].concat()).is_some(), "{kind}");
        assert_eq!(kind_of(&whole[..whole.len() - 2]), Some(MediaFaultKind::CutShort), "{kind} without an end");
    }
}

#[test]
fn zeros_in_place_of_a_part_are_codes_of_other_blocks() {
    for kind in KINDS {
        let whole = encode(kind);
        let (start, end) = (first_data(&whole), whole.len() - 2);
        for part in [3, 5, 8] {
            let from = start + (end - start) * part / 10;
            let mut bytes = whole.clone();
            bytes[from..end].fill(0);
            assert!(kind_of(&bytes).is_some(), "{kind}, zeros from {from}");
        }
    }
}

#[test]
fn more_rows_than_there_are() {
    for kind in KINDS {
        let mut bytes = encode(kind);
        let frame = markers(&bytes, 2, |marker| matches!(marker, 0xC0..=0xC2))[0];
        bytes[frame + 5..frame + 7].copy_from_slice(&(2 * SIZE.1).to_be_bytes());
        let fault = kind_of(&bytes);
        let expected = [Some(MediaFaultKind::CutShort), Some(MediaFaultKind::Damaged)];
        assert!(expected.contains(&fault), "{kind}: {fault:?}");
        // With fewer rows, the lower part of the picture is left over.
        bytes[frame + 5..frame + 7].copy_from_slice(&(SIZE.1 / 2).to_be_bytes());
        // What follows a restart marker may be anything.
        if !kind.contains("restarts") {
            assert_eq!(kind_of(&bytes), Some(MediaFaultKind::Damaged), "{kind}");
        }
    }
}

#[test]
fn codes_that_are_left_over_damage_what_is_refined() {
    for kind in ["progressive", "progressive restarts", "420"] {
        let whole = encode(kind);
        for scan in markers(&whole, 2, |marker| marker == 0xDA) {
            let data = scan + 2 + usize::from(whole[scan + 3]);
            let end = markers(&whole, data, |marker| !matches!(marker, 0 | 0xD0..=0xD7))[0];
            for (more, is_left) in [(&b"\x55\xAA\x55"[..], true), (b"\0\0\0", false), (b"\xFF\xFF", false)] {
                let bytes = [&whole[..end], more, &whole[end..]].concat();
                let expected = (is_left && whole[end + 1] != 0xD9).then_some(MediaFaultKind::Damaged);
                assert_eq!(kind_of(&bytes), expected, "{kind}, {more:x?} at {end}");
            }
        }
    }
}

#[test]
fn scans_that_are_missing() {
    for kind in ["progressive", "progressive restarts"] {
        assert_needs_all_scans(kind, &encode(kind), kind_of);
    }
}

/// A progressive picture whose first scans leave three bits of every coefficient to later ones, of one tone.
fn refined(passes: &[(u8, u8)]) -> Vec<u8> {
    let mut out = b"\xFF\xD8".to_vec();
    let mut segment = |marker: u8, content: &[u8]| {
        out.extend([0xFF, marker]);
        out.extend(u16::try_from(content.len() + 2).unwrap().to_be_bytes());
        out.extend(content);
    };
    segment(0xDB, &[&[0][..], &[1; 64]].concat());
    segment(0xC2, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    // One code, of one bit: no difference of the tone; the end of a block.
    for kind in [0x00, 0x10] {
        segment(0xC4, &[&[kind, 1][..], &[0; 15], &[0]].concat());
    }
    for band in [0_u8, 1] {
        for (high, low) in passes {
            out.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, band, band * 63, high << 4 | low]);
            out.push(0x7F);
        }
    }
    out.extend(b"\xFF\xD9");
    out
}

#[test]
fn scans_that_refine_what_was_not_sent() {
    let (missing, cut) = (Some(MediaFaultKind::Damaged), Some(MediaFaultKind::CutShort));
    for (passes, fault) in [
        (&[(0, 3), (3, 2), (2, 1), (1, 0)][..], None),
        (&[(0, 1), (1, 0)], None),
        (&[(0, 0)], None),
        (&[(0, 3), (0, 0)], None),
        (&[(0, 3), (3, 2), (1, 0)], missing),
        (&[(0, 3), (2, 1), (1, 0)], missing),
        (&[(0, 3), (3, 2), (3, 2), (2, 1), (1, 0)], missing),
        (&[(1, 0)], missing),
        (&[(0, 3), (3, 2), (2, 1)], cut),
    ] {
        assert_eq!(kind_of(&refined(passes)), fault, "{passes:?}");
    }
}

#[test]
fn restart_intervals_that_are_missing() {
    assert!(assert_needs_all_intervals(&encode("restarts"), kind_of) > 8);
}

#[test]
fn files_without_tables_use_those_of_the_standard() {
    let mut bytes = encode("444");
    for table in markers(&encode("444"), 2, |marker| marker == 0xC4).into_iter().rev() {
        let length = usize::from(u16::from_be_bytes([bytes[table + 2], bytes[table + 3]]));
        bytes.drain(table..table + 2 + length);
    }
    assert_eq!(kind_of(&bytes), None);
    let decode = |bytes: &[u8]| crate::media::jpeg::decode(bytes, SIZE_OF_ALL, None).unwrap().data;
    assert!(decode(&bytes) == decode(&encode("444")), "the same picture");
}

#[test]
fn files_that_no_decoder_reads() {
    for kind in KINDS {
        let whole = encode(kind);
        let mut bytes = whole.clone();
        let tables = markers(&whole, 2, |marker| marker == 0xDB);
        for table in tables.into_iter().rev() {
            let length = usize::from(u16::from_be_bytes([bytes[table + 2], bytes[table + 3]]));
            bytes.drain(table..table + 2 + length);
        }
        let message = check_complete(&bytes).unwrap_err().message;
        assert!(message.contains("quantization table"), "{kind}: {message}");
        let twice = [&b"\xFF\xD8"[..], &whole].concat();
        assert_eq!(kind_of(&twice), Some(MediaFaultKind::Damaged), "{kind} with two starts");
    }
}

#[test]
fn the_standard_allows_a_run_that_covers_many_blocks() {
    // A progressive picture of one tone: nearly all of its blocks are empty.
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 85);
    encoder.set_progressive_scans(6);
    encoder.encode(&[200; 256 * 256], 256, 256, ColorType::Luma).unwrap();
    assert_eq!(kind_of(&out), None);
}
