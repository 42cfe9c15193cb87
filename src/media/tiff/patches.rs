//! Changes to a file that make the `tiff` library decode what it otherwise can't (`tiff`
//! 0.11.3): pages with a palette, and tiles with LZW compression.

use super::byte_layout::ByteLayout;
use super::directory::{Directory, TagEntry};
use super::patched_file::PatchedFile;
use tiff::tags::{CompressionMethod, PhotometricInterpretation, Type};
use weezl::BitOrder;
use weezl::decode::Decoder as LzwDecoder;

/// A file in which `directory` is the first one, changed as needed. `None`: the file is cut
/// short.
pub(crate) fn patch_file<'a>(bytes: &'a [u8], directory: &Directory) -> Option<PatchedFile<'a>> {
    let mut file = PatchedFile::new(bytes, directory.layout.header(directory.offset));
    if directory.has_palette() {
        present_palette_as_grey(directory, &mut file);
    }
    if directory.is_tiled && directory.compression == u64::from(CompressionMethod::LZW.to_u16()) {
        unpack_lzw_tiles(bytes, directory, &mut file)?;
    }
    Some(file)
}

/// The library refuses palettes. As grey, the page's samples are the indices.
fn present_palette_as_grey(directory: &Directory, file: &mut PatchedFile<'_>) {
    if let Some(entry) = directory.photometric_entry {
        let grey = PhotometricInterpretation::BlackIsZero.to_u16();
        file.overwrite(entry.values_offset, directory.layout.encode(grey.into(), entry.value_size));
    }
}

/// The library fails at the end of a tile with LZW ("no lzw end code found"). Appends the
/// unpacked tiles to the file.
fn unpack_lzw_tiles(bytes: &[u8], directory: &Directory, file: &mut PatchedFile<'_>) -> Option<()> {
    let (compression, offsets, byte_counts) =
        (directory.compression_entry?, directory.offsets?, directory.byte_counts?);
    let none = CompressionMethod::None.to_u16();
    file.overwrite(compression.values_offset, directory.layout.encode(none.into(), compression.value_size));
    let (mut starts, mut sizes) = (Vec::new(), Vec::new());
    for tile in directory.chunks(bytes) {
        let mut unpacked = Vec::new();
        let mut decoder = LzwDecoder::with_tiff_size_switch(BitOrder::Msb, 8);
        decoder.into_vec(&mut unpacked).decode_all(tile?).status.ok()?;
        starts.push(file.append(&unpacked));
        sizes.push(unpacked.len() as u64);
    }
    replace_values(directory.layout, file, offsets, &starts);
    replace_values(directory.layout, file, byte_counts, &sizes);
    Some(())
}

/// Gives an entry these values, as wide as offsets are.
fn replace_values(layout: ByteLayout, file: &mut PatchedFile<'_>, entry: TagEntry, values: &[u64]) {
    let width = layout.offset_size();
    let kind = if width == 8 { Type::LONG8 } else { Type::LONG };
    let bytes: Vec<u8> = values.iter().flat_map(|value| layout.encode(*value, width)).collect();
    file.overwrite(entry.offset + 2, layout.encode(kind.to_u16().into(), 2));
    file.overwrite(entry.offset + 4, layout.encode(values.len() as u64, width));
    let value_field = entry.offset + 4 + width;
    if values.len() == 1 {
        file.overwrite(value_field, bytes);
    } else {
        let offset = file.append(&bytes);
        file.overwrite(value_field, layout.encode(offset, width));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read, Seek};
    use tiff::decoder::{Decoder, DecodingResult};

    fn decode(file: impl Read + Seek) -> Option<Vec<u8>> {
        let mut decoder = Decoder::new(file).ok()?;
        let mut result = DecodingResult::U8(Vec::new());
        decoder.read_image_to_buffer(&mut result).ok()?;
        match result {
            DecodingResult::U8(samples) => Some(samples),
            _ => None,
        }
    }

    #[test]
    fn the_library_needs_the_patches() {
        for (name, is_patched, samples) in [
            ("tiled-lzw.tif", true, 75 * 110 * 3),
            ("palette.tif", true, 75 * 110),
            ("rgb-lzw.tif", false, 75 * 110 * 3),
            ("grey.tif", false, 75 * 110),
        ] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tiff");
            let bytes = std::fs::read(folder.join(name)).unwrap();
            let layout = ByteLayout::read(&bytes).unwrap();
            let (directory, _) = Directory::read(&bytes, layout, layout.first_directory(&bytes).unwrap()).unwrap();
            let patched = decode(patch_file(&bytes, &directory).unwrap());
            assert_eq!(patched.map(|data| data.len()), Some(samples), "{name}");
            assert_eq!(decode(Cursor::new(&bytes)).is_none(), is_patched, "{name}");
        }
    }
}
