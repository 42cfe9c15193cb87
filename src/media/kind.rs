//! What a file is, told by its first bytes.

use super::fault::{MediaFault, MediaFaultKind};

/// A format that docmill reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
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
    /// TIFF, BigTIFF too.
    Tiff,
    /// PDF.
    Pdf,
    /// JPEG 2000, as a file or a bare codestream.
    Jpeg2000,
}

impl Format {
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

    /// Whether every provider takes the format as it is.
    #[must_use]
    pub fn is_sendable(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::WebP)
    }

    /// The name that the `image` library has for it, if that reads it for us.
    pub(crate) fn of_image_crate(self) -> Option<image::ImageFormat> {
        match self {
            Self::Jpeg => Some(image::ImageFormat::Jpeg),
            Self::Png => Some(image::ImageFormat::Png),
            Self::WebP => Some(image::ImageFormat::WebP),
            Self::Gif => Some(image::ImageFormat::Gif),
            Self::Bmp => Some(image::ImageFormat::Bmp),
            Self::Tiff | Self::Pdf | Self::Jpeg2000 => None,
        }
    }

    /// Tells the format of `bytes`.
    ///
    /// # Errors
    /// A file without bytes, one that is no image, or one of a known format that is not read.
    pub fn of(bytes: &[u8]) -> Result<Self, MediaFault> {
        if bytes.is_empty() {
            return Err(MediaFault::new(MediaFaultKind::EmptyFile, "the file is empty"));
        }
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        let brand = |names: &[&[u8; 4]]| {
            bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|b| names.iter().any(|n| b == *n))
        };
        let unsupported = |what: &str| {
            Err(MediaFault::new(MediaFaultKind::UnsupportedFormat, format!("{what}; convert it to JPEG or PNG")))
        };
        match () {
            () if starts(&[0xFF, 0xD8, 0xFF]) => Ok(Self::Jpeg),
            () if starts(b"\x89PNG\r\n\x1a\n") => Ok(Self::Png),
            () if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Ok(Self::WebP),
            () if starts(b"GIF87a") || starts(b"GIF89a") => Ok(Self::Gif),
            () if starts(b"BM") && bytes.len() >= 26 => Ok(Self::Bmp),
            () if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| starts(*magic)) => Ok(Self::Tiff),
            () if brand(&[b"heic", b"heix", b"hevc", b"mif1", b"msf1"]) => {
                unsupported("a HEIC picture, which is not read")
            }
            () if brand(&[b"avif", b"avis"]) => unsupported("an AVIF picture, which is not read"),
            () if starts(b"\0\0\0\x0cjP  ") || starts(b"\xFF\x4F\xFF\x51") => Ok(Self::Jpeg2000),
            () if starts(b"\xFF\x0A") || starts(b"\0\0\0\x0cJXL ") => {
                unsupported("a JPEG XL picture, which is not read")
            }
            // Readers look for it in the first kilobyte (ISO 32000-1, annex H, note 13).
            () if bytes[..bytes.len().min(1024)].windows(5).any(|five| five == b"%PDF-") => Ok(Self::Pdf),
            () if starts(b"8BPS") => unsupported("a Photoshop document, which is not read"),
            () if starts(b"AT&TFORM") => unsupported("a DjVu document, which is not read"),
            () if starts(b"%!PS") => unsupported("a PostScript document, which is not read"),
            () if starts(b"PK\x03\x04") => Err(not_an_image("a ZIP archive or an office document")),
            () if bytes.iter().take(512).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => {
                Err(not_an_image("a text file"))
            }
            () => Err(not_an_image("not an image")),
        }
    }
}

fn not_an_image(what: &str) -> MediaFault {
    let message = if what == "not an image" { what.to_owned() } else { format!("not an image but {what}") };
    MediaFault::new(MediaFaultKind::NotAnImage, message)
}
