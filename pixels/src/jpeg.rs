//! Decodes JPEG in memory with `jpeg-decoder`, whose reader is a parameter.

pub use jpeg_decoder::{ColorTransform, Error, ImageInfo, PixelFormat};

/// A decoder of JPEG in memory. Missing parts of a picture are filled with grey.
pub struct Decoder<'a>(jpeg_decoder::Decoder<&'a [u8]>);

impl<'a> Decoder<'a> {
    /// Decodes this file.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Self {
        Self(jpeg_decoder::Decoder::new(file))
    }

    /// Limits the size of a decoded picture, in bytes.
    pub fn set_max_decoding_buffer_size(&mut self, bytes: usize) {
        self.0.set_max_decoding_buffer_size(bytes);
    }

    /// Reads everything before the picture.
    ///
    /// # Errors
    /// A file that is not a JPEG, is damaged, or of a kind that is not supported.
    pub fn read_info(&mut self) -> Result<(), Error> {
        self.0.read_info()
    }

    /// What is known of the picture, once it has been read.
    #[must_use]
    pub fn info(&self) -> Option<ImageInfo> {
        self.0.info()
    }

    /// Sets what its components mean; otherwise the decoder guesses.
    pub fn set_color_transform(&mut self, transform: ColorTransform) {
        self.0.set_color_transform(transform);
    }

    /// Decodes at an eighth, a quarter, half or all of the size, but not below this width and height. Returns the size.
    ///
    /// # Errors
    /// As [`Self::read_info`].
    pub fn scale(&mut self, width: u16, height: u16) -> Result<(u16, u16), Error> {
        self.0.scale(width, height)
    }

    /// The samples, row by row.
    ///
    /// # Errors
    /// As [`Self::read_info`], and a picture above the limit.
    pub fn decode(&mut self) -> Result<Vec<u8>, Error> {
        self.0.decode()
    }
}
