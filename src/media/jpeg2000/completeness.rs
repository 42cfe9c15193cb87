//! Whether all of a picture is in the file. Decoders show the existing part of a truncated picture without a message.

use super::codestream::Codestream;
use crate::media::fault::MediaFault;
use hayro_jpeg2000::error::TileError;
use hayro_jpeg2000::{DecodeError, DecodeSettings, DecoderContext, Image};

/// Checks that every tile-part is there, and that no packet in one is cut. Packets at the end that are
/// missing altogether are accepted: programs drop those with fine details on purpose.
///
/// # Errors
/// A picture that is cut short.
pub(crate) fn check_complete(bytes: &[u8]) -> Result<(), MediaFault> {
    // Without a codestream, decoding reports the fault.
    let Some(data) = Codestream::find(bytes) else { return Ok(()) };
    let codestream = Codestream::read(data).ok_or_else(MediaFault::cut_short)?;
    if has_cut_packet(&codestream.to_explicit()) { Err(MediaFault::cut_short()) } else { Ok(()) }
}

/// Whether a packet ends beyond its tile-part. The library reads all packets, and decodes little at the
/// smallest size.
fn has_cut_packet(data: &[u8]) -> bool {
    let settings = DecodeSettings { strict: true, target_resolution: Some((1, 1)), ..DecodeSettings::default() };
    let decoded = Image::new(data, &settings).and_then(|image| {
        let mut context = DecoderContext::default();
        image.decode(&mut context).map(|_| ())
    });
    matches!(decoded, Err(DecodeError::Tile(TileError::Invalid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::MediaFaultKind;

    #[test]
    fn files_that_end_early_are_cut_wherever_they_end() {
        let whole = include_bytes!("../../../tests/data/page.jp2");
        assert_eq!(check_complete(whole), Ok(()));
        let codestream = Codestream::find(whole).unwrap();
        assert_eq!(check_complete(codestream), Ok(()));
        assert_eq!(check_complete(&[&whole[..], b"\n"].concat()), Ok(()));
        let start = whole.len() - codestream.len();
        let kind = |bytes: &[u8]| check_complete(bytes).err().map(|fault| fault.kind);
        let cut = Some(MediaFaultKind::CutShort);
        for share in 1..20 {
            let end = start + 60 + (codestream.len() - 62) * share / 20;
            assert_eq!(kind(&whole[..end]), cut, "{end} of {}", whole.len());
            assert_eq!(kind(&[&whole[..end], &[0xFF, 0xD9]].concat()), cut, "{end}, with an end mark");
        }
    }
}
