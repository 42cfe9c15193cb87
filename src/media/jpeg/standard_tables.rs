//! The Huffman tables for files without tables, such as frames of Motion JPEG. Source: ITU-T T.81, K.3.

use super::bit_reader::find_marker;
use super::header::read_segment;
use super::huffman::TableDefinition;
use std::borrow::Cow;

/// The table for DC or AC coefficients of luminance (0) or chrominance (1); `None` for other ids.
pub(crate) fn standard_table(is_ac: bool, id: usize) -> Option<TableDefinition> {
    let (counts, symbols) = match (is_ac, id) {
        (false, 0) => (DC_LUMINANCE, DC_SYMBOLS),
        (false, 1) => (DC_CHROMINANCE, DC_SYMBOLS),
        (true, 0) => (AC_LUMINANCE, AC_LUMINANCE_SYMBOLS),
        (true, 1) => (AC_CHROMINANCE, AC_CHROMINANCE_SYMBOLS),
        _ => return None,
    };
    Some(TableDefinition { counts, symbols: symbols.to_vec() })
}

/// The file with these tables, if it has none. Decoders without support for Motion JPEG need them.
pub(crate) fn with_tables(bytes: &[u8]) -> Cow<'_, [u8]> {
    if has_tables(bytes) {
        return Cow::Borrowed(bytes);
    }
    let mut content = Vec::new();
    for (is_ac, id) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        if let Some(table) = standard_table(is_ac, usize::from(id)) {
            content.push(u8::from(is_ac) << 4 | id);
            content.extend(table.counts);
            content.extend(table.symbols);
        }
    }
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
    let (start, rest) = bytes.split_at(bytes.len().min(2));
    Cow::Owned([start, &[0xFF, 0xC4], &length, &content, rest].concat())
}

/// Whether tables are defined before the first scan.
fn has_tables(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some((marker, next)) = find_marker(bytes, at) {
        at = next;
        match marker {
            0xC4 => return true,
            0xDA | 0xD9 => return false,
            0x01 | 0xD0..=0xD8 => {}
            _ => match read_segment(bytes, at) {
                Ok(segment) => at += 2 + segment.len(),
                Err(_) => return true,
            },
        }
    }
    true
}

const DC_LUMINANCE: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_CHROMINANCE: [u8; 16] = [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
const AC_LUMINANCE: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];
const AC_CHROMINANCE: [u8; 16] = [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119];
const DC_SYMBOLS: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const AC_LUMINANCE_SYMBOLS: &[u8] = &[
    1, 2, 3, 0, 4, 17, 5, 18, 33, 49, 65, 6, 19, 81, 97, 7, 34, 113, 20, 50, 129, 145, 161, 8, 35, 66, 177, 193, 21,
    82, 209, 240, 36, 51, 98, 114, 130, 9, 10, 22, 23, 24, 25, 26, 37, 38, 39, 40, 41, 42, 52, 53, 54, 55, 56, 57, 58,
    67, 68, 69, 70, 71, 72, 73, 74, 83, 84, 85, 86, 87, 88, 89, 90, 99, 100, 101, 102, 103, 104, 105, 106, 115, 116,
    117, 118, 119, 120, 121, 122, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152, 153, 154,
    162, 163, 164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196, 197, 198,
    199, 200, 201, 202, 210, 211, 212, 213, 214, 215, 216, 217, 218, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234,
    241, 242, 243, 244, 245, 246, 247, 248, 249, 250,
];
const AC_CHROMINANCE_SYMBOLS: &[u8] = &[
    0, 1, 2, 3, 17, 4, 5, 33, 49, 6, 18, 65, 81, 7, 97, 113, 19, 34, 50, 129, 8, 20, 66, 145, 161, 177, 193, 9, 35, 51,
    82, 240, 21, 98, 114, 209, 10, 22, 36, 52, 225, 37, 241, 23, 24, 25, 26, 38, 39, 40, 41, 42, 53, 54, 55, 56, 57,
    58, 67, 68, 69, 70, 71, 72, 73, 74, 83, 84, 85, 86, 87, 88, 89, 90, 99, 100, 101, 102, 103, 104, 105, 106, 115,
    116, 117, 118, 119, 120, 121, 122, 130, 131, 132, 133, 134, 135, 136, 137, 138, 146, 147, 148, 149, 150, 151, 152,
    153, 154, 162, 163, 164, 165, 166, 167, 168, 169, 170, 178, 179, 180, 181, 182, 183, 184, 185, 186, 194, 195, 196,
    197, 198, 199, 200, 201, 202, 210, 211, 212, 213, 214, 215, 216, 217, 218, 226, 227, 228, 229, 230, 231, 232, 233,
    234, 242, 243, 244, 245, 246, 247, 248, 249, 250,
];
