//! The parts of JPEG files, and files in which some are missing, for tests of both kinds of codes.

use crate::media::fault::MediaFaultKind;

/// The offsets of the markers of these kinds, after `from`.
pub(crate) fn markers(bytes: &[u8], from: usize, is_one: impl Fn(u8) -> bool) -> Vec<usize> {
    (from..bytes.len() - 1).filter(|at| bytes[*at] == 0xFF && is_one(bytes[at + 1])).collect()
}

/// The offsets of the scans.
pub(crate) fn scans(bytes: &[u8]) -> Vec<usize> {
    markers(bytes, 2, |marker| marker == 0xDA)
}

/// The first byte of the data of the first scan.
pub(crate) fn first_data(bytes: &[u8]) -> usize {
    let at = scans(bytes)[0];
    at + 2 + usize::from(bytes[at + 3])
}

/// Checks that a progressive file is cut short before each of its scans, of which there are more than four.
pub(crate) fn assert_needs_all_scans(name: &str, whole: &[u8], kind_of: fn(&[u8]) -> Option<MediaFaultKind>) {
    let scans = scans(whole);
    assert!(scans.len() > 4, "{name}");
    for scan in scans {
        let cut = [&whole[..scan], b"\xFF\xD9"].concat();
        assert_eq!(kind_of(&cut), Some(MediaFaultKind::CutShort), "{name}: cut before a scan");
    }
}

/// Checks that a file of one scan is damaged without any of its restart intervals, and cut short before the last one.
/// Returns the number of restarts.
pub(crate) fn assert_needs_all_intervals(whole: &[u8], kind_of: fn(&[u8]) -> Option<MediaFaultKind>) -> usize {
    let restarts = markers(whole, first_data(whole), |marker| matches!(marker, 0xD0..=0xD7));
    for pair in restarts.windows(2) {
        let without = [&whole[..pair[0]], &whole[pair[1]..]].concat();
        assert_eq!(kind_of(&without), Some(MediaFaultKind::Damaged));
    }
    let last = restarts[restarts.len() - 1];
    assert_eq!(kind_of(&[&whole[..last], b"\xFF\xD9"].concat()), Some(MediaFaultKind::CutShort));
    restarts.len()
}
