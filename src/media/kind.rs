//! The format of a file, detected by its first bytes.

use super::fault::{MediaFault, MediaFaultKind};

/// A format that docmill reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// JPEG (JFIF, Exif).
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// GIF; its first frame.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF and BigTIFF.
    Tiff,
    /// PDF.
    Pdf,
    /// JPEG 2000: a JP2 file or a bare codestream.
    Jpeg2000,
}

impl ImageFormat {
    /// Detects the format of a file.
    ///
    /// # Errors
    /// An empty file, one that is not an image, or one in a known format that isn't read.
    pub fn detect(bytes: &[u8]) -> Result<Self, MediaFault> {
        if bytes.is_empty() {
            return Err(MediaFault::new(MediaFaultKind::EmptyFile, "the file is empty"));
        }
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        let brand = |names: &[&[u8; 4]]| {
            bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|b| names.iter().any(|n| b == *n))
        };
        match () {
            () if starts(&[0xFF, 0xD8, 0xFF]) => Ok(Self::Jpeg),
            () if starts(b"\x89PNG\r\n\x1a\n") => Ok(Self::Png),
            () if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Ok(Self::WebP),
            () if starts(b"GIF87a") || starts(b"GIF89a") => Ok(Self::Gif),
            () if starts(b"BM") && bytes.len() >= 26 => Ok(Self::Bmp),
            () if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| starts(*magic)) => Ok(Self::Tiff),
            () if brand(&[b"heic", b"heix", b"hevc", b"mif1", b"msf1"]) => Err(MediaFault::unsupported("HEIC")),
            () if brand(&[b"avif", b"avis"]) => Err(MediaFault::unsupported("AVIF")),
            () if starts(b"\0\0\0\x0cjP  ") || starts(b"\xFF\x4F\xFF\x51") => Ok(Self::Jpeg2000),
            () if starts(b"\xFF\x0A") || starts(b"\0\0\0\x0cJXL ") => Err(MediaFault::unsupported("JPEG XL")),
            // PDF readers search the first kilobyte (ISO 32000-1, annex H, note 13).
            () if bytes[..bytes.len().min(1024)].windows(5).any(|five| five == b"%PDF-") => Ok(Self::Pdf),
            () if starts(b"8BPS") => Err(MediaFault::unsupported("Photoshop's PSD")),
            () if starts(b"AT&TFORM") => Err(MediaFault::unsupported("DjVu")),
            () if starts(b"%!PS") => Err(MediaFault::unsupported("PostScript")),
            () if starts(b"PK\x03\x04") => Err(not_an_image("not an image but a ZIP archive or an office document")),
            () if bytes.iter().take(512).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => {
                Err(not_an_image("not an image but a text file"))
            }
            () => Err(not_an_image("not an image")),
        }
    }

    /// The media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Pdf => "application/pdf",
            Self::Jpeg2000 => "image/jp2",
        }
    }

    /// Whether every provider accepts files of this format.
    #[must_use]
    pub fn is_sendable(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::WebP)
    }

    /// The format in the terms of the `image` library; `None` if docmill doesn't use that
    /// library for it.
    pub(crate) fn to_image_library(self) -> Option<image::ImageFormat> {
        match self {
            Self::Jpeg => Some(image::ImageFormat::Jpeg),
            Self::Png => Some(image::ImageFormat::Png),
            Self::WebP => Some(image::ImageFormat::WebP),
            Self::Gif => Some(image::ImageFormat::Gif),
            Self::Bmp => Some(image::ImageFormat::Bmp),
            Self::Tiff | Self::Pdf | Self::Jpeg2000 => None,
        }
    }
}

fn not_an_image(message: &str) -> MediaFault {
    MediaFault::new(MediaFaultKind::NotAnImage, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ImageFormat::{Bmp, Gif, Jpeg, Jpeg2000, Pdf, Png, Tiff, WebP};
    use MediaFaultKind::{EmptyFile, NotAnImage, UnsupportedFormat};

    #[test]
    fn formats_are_detected_by_content() {
        let late_pdf = [vec![0; 1019], b"%PDF-".to_vec()].concat();
        let too_late_pdf = [vec![0; 1020], b"%PDF-".to_vec()].concat();
        for (bytes, format) in [
            (&b"\xFF\xD8\xFF\xE0"[..], Ok(Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Png)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Ok(WebP)),
            (b"RIFF\0\0\0\0WAVEfmt ", Err(NotAnImage)),
            (b"GIF89a", Ok(Gif)),
            (b"BM\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Ok(Bmp)),
            // Too short for a bitmap's header: words that begin with `BM`.
            (b"BMW", Err(NotAnImage)),
            (b"II*\0", Ok(Tiff)),
            (b"MM\0*", Ok(Tiff)),
            (b"II+\0", Ok(Tiff)),
            (b"MM\0+", Ok(Tiff)),
            (b"%PDF-1.7", Ok(Pdf)),
            (&late_pdf, Ok(Pdf)),
            (&too_late_pdf, Err(NotAnImage)),
            (b"\0\0\0\x0cjP  \r\n\x87\n", Ok(Jpeg2000)),
            (b"\xFF\x4F\xFF\x51", Ok(Jpeg2000)),
            (b"\0\0\0\x18ftypheic", Err(UnsupportedFormat)),
            (b"\0\0\0\x18ftypavif", Err(UnsupportedFormat)),
            (b"\0\0\0\x18ftypisom", Err(NotAnImage)),
            (b"\xFF\x0A", Err(UnsupportedFormat)),
            (b"8BPS", Err(UnsupportedFormat)),
            (b"AT&TFORM", Err(UnsupportedFormat)),
            (b"%!PS-Adobe", Err(UnsupportedFormat)),
            (b"PK\x03\x04", Err(NotAnImage)),
            (b"Dear Sir", Err(NotAnImage)),
            (b"\0", Err(NotAnImage)),
            (b"", Err(EmptyFile)),
        ] {
            let found = ImageFormat::detect(bytes).map_err(|fault| fault.kind);
            assert_eq!(found, format, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
