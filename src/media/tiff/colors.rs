//! Converts samples to grey or RGB. Source: TIFF 6.0, sections 4 to 6, 16, 18, 21 and 23.

use super::directory::Directory;
use crate::media::fault::MediaFault;
use crate::media::pixels::cmyk_to_rgb;
use tiff::tags::{CompressionMethod, PhotometricInterpretation};

/// The XYZ of white: that of sRGB, so that neutral colours stay neutral.
const WHITE: [f32; 3] = [0.950_47, 1.0, 1.088_83];

/// What samples mean.
enum ColorModel {
    /// Grey; with `true`, 0 is white.
    Grey(bool),
    Rgb,
    /// Indices into these colours.
    Palette(Vec<[u8; 3]>),
    Cmyk,
    YCbCr,
    /// L*a*b*; with `true`, a* and b* are signed.
    Lab(bool),
}

/// The transparency of pixels.
#[derive(Clone, Copy)]
enum Alpha {
    None,
    /// Colours are multiplied by it.
    Premultiplied,
    Straight,
}

/// Converts the pixels of a page.
pub(crate) struct PixelConverter {
    model: ColorModel,
    alpha: Alpha,
    /// Whether there is no tag for the alpha.
    is_alpha_guessed: bool,
    bits: u64,
    /// Samples of a pixel.
    samples: usize,
}

impl PixelConverter {
    /// For the pages of this directory.
    ///
    /// # Errors
    /// Colours that are not supported, or a palette that is missing.
    pub(crate) fn new(bytes: &[u8], directory: &Directory, samples: usize) -> Result<Self, MediaFault> {
        let is_jpeg = directory.is_compressed_with(&[CompressionMethod::ModernJPEG]);
        // As libtiff guesses where the tag is missing.
        let guess = if samples < 3 { PhotometricInterpretation::BlackIsZero } else { PhotometricInterpretation::RGB };
        let photometric = directory.photometric.unwrap_or(guess.to_u16().into());
        let photometric = u16::try_from(photometric).ok().and_then(PhotometricInterpretation::from_u16);
        let model = match photometric {
            Some(PhotometricInterpretation::WhiteIsZero) => ColorModel::Grey(true),
            Some(PhotometricInterpretation::BlackIsZero | PhotometricInterpretation::TransparencyMask) => {
                ColorModel::Grey(false)
            }
            Some(PhotometricInterpretation::RGB) => ColorModel::Rgb,
            Some(PhotometricInterpretation::RGBPalette) => ColorModel::Palette(read_palette(bytes, directory)?),
            Some(PhotometricInterpretation::CMYK) => ColorModel::Cmyk,
            // The decoder of JPEG converts it, unless each channel is a separate JPEG.
            Some(PhotometricInterpretation::YCbCr) if is_jpeg && !directory.is_planar => ColorModel::Rgb,
            Some(PhotometricInterpretation::YCbCr) => ColorModel::YCbCr,
            Some(PhotometricInterpretation::CIELab) => ColorModel::Lab(true),
            Some(PhotometricInterpretation::IccLab) => ColorModel::Lab(false),
            _ => return Err(MediaFault::unsupported("TIFF with this kind of colours")),
        };
        // JPEG decoders convert three channels by their own rules, and indices are not colours.
        let is_misread = match model {
            ColorModel::Lab(_) => !directory.is_planar,
            ColorModel::Grey(_) => samples > 1 && !directory.is_planar,
            ColorModel::Palette(_) => true,
            ColorModel::Rgb | ColorModel::Cmyk | ColorModel::YCbCr => false,
        };
        if is_jpeg && is_misread {
            return Err(MediaFault::unsupported("TIFF with JPEG of this kind of colours"));
        }
        let alpha = match directory.extra_samples.first() {
            Some(1) => Alpha::Premultiplied,
            Some(2) => Alpha::Straight,
            // As Pillow reads four samples of RGB without the tag.
            None if samples == 4 && photometric == Some(PhotometricInterpretation::RGB) => Alpha::Straight,
            // Unspecified samples are not shown.
            _ => Alpha::None,
        };
        let is_alpha_guessed = directory.extra_samples.is_empty() && matches!(alpha, Alpha::Straight);
        let converter = Self { model, alpha, is_alpha_guessed, bits: directory.bits_per_sample, samples };
        if samples < converter.color_samples() {
            return Err(MediaFault::damaged("the picture has too few samples per pixel"));
        }
        let alpha = if samples > converter.color_samples() { converter.alpha } else { Alpha::None };
        Ok(Self { alpha, ..converter })
    }

    /// The same without alpha, if there is no tag for it.
    pub(crate) fn without_guessed_alpha(self) -> Option<Self> {
        self.is_alpha_guessed.then_some(Self { alpha: Alpha::None, is_alpha_guessed: false, ..self })
    }

    /// Samples of a pixel of the result: 1 for grey, 3 for RGB.
    pub(crate) fn channels(&self) -> u8 {
        if matches!(self.model, ColorModel::Grey(_)) { 1 } else { 3 }
    }

    /// Whether pixels of 8 bits a sample are already what they are converted to.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.bits == 8
            && self.samples == self.color_samples()
            && matches!(self.model, ColorModel::Grey(false) | ColorModel::Rgb)
    }

    /// Samples of a pixel that are not extra.
    fn color_samples(&self) -> usize {
        match self.model {
            ColorModel::Grey(_) | ColorModel::Palette(_) => 1,
            ColorModel::Rgb | ColorModel::YCbCr | ColorModel::Lab(_) => 3,
            ColorModel::Cmyk => 4,
        }
    }

    /// Converts pixels; transparent ones are shown on white.
    ///
    /// # Errors
    /// A pixel whose colour the palette lacks.
    pub(crate) fn convert(&self, pixels: &[u16], out: &mut [u8]) -> Result<(), MediaFault> {
        if let ColorModel::Palette(colors) = &self.model
            && pixels.chunks_exact(self.samples).any(|pixel| usize::from(pixel[0]) >= colors.len())
        {
            return Err(MediaFault::damaged("the palette has fewer colours than the picture"));
        }
        let channels = usize::from(self.channels());
        for (pixel, out) in pixels.chunks_exact(self.samples).zip(out.chunks_exact_mut(channels)) {
            self.convert_color(pixel, out);
            let premultiplied = match self.alpha {
                Alpha::None => continue,
                Alpha::Premultiplied => matches!(self.model, ColorModel::Grey(false) | ColorModel::Rgb),
                Alpha::Straight => false,
            };
            let alpha = self.to_byte(pixel[self.color_samples()]);
            for value in out {
                *value = if premultiplied { value.saturating_add(255 - alpha) } else { blend(*value, alpha) };
            }
        }
        Ok(())
    }

    fn convert_color(&self, pixel: &[u16], out: &mut [u8]) {
        let three = || [0, 1, 2].map(|at| self.to_byte(pixel[at]));
        match &self.model {
            ColorModel::Grey(is_inverted) => {
                let tone = self.to_byte(pixel[0]);
                out[0] = if *is_inverted { 255 - tone } else { tone };
            }
            ColorModel::Rgb => out.copy_from_slice(&three()),
            ColorModel::Palette(colors) => {
                out.copy_from_slice(&colors.get(usize::from(pixel[0])).copied().unwrap_or_default());
            }
            ColorModel::Cmyk => out.copy_from_slice(&cmyk_to_rgb(&[0, 1, 2, 3].map(|at| self.to_byte(pixel[at])))),
            ColorModel::YCbCr => out.copy_from_slice(&ycbcr_to_rgb(three())),
            ColorModel::Lab(is_signed) => out.copy_from_slice(&lab_to_rgb(self.read_lab(pixel, *is_signed))),
        }
    }

    /// A sample as 8 bits.
    fn to_byte(&self, value: u16) -> u8 {
        let byte = match self.bits {
            8 => value,
            9.. => value >> (self.bits - 8).min(8),
            bits => value * 255 / ((1 << bits.max(1)) - 1),
        };
        u8::try_from(byte).unwrap_or(255)
    }

    /// L* from 0 to 100, a* and b*.
    fn read_lab(&self, pixel: &[u16], is_signed: bool) -> [f32; 3] {
        // As 16 bits: the top of L* differs between the kinds.
        let wide = |at: usize| if self.bits == 8 { pixel[at] << 8 } else { pixel[at] };
        let top = match (self.bits, is_signed) {
            (8, _) | (_, false) => 65280.0,
            (_, true) => 65535.0,
        };
        let axis = |at: usize| match is_signed {
            true => f32::from(wide(at).cast_signed()) / 256.0,
            false => (f32::from(wide(at)) - 32768.0) / 256.0,
        };
        [f32::from(wide(0)) * 100.0 / top, axis(1), axis(2)]
    }
}

/// The colours of a palette.
fn read_palette(bytes: &[u8], directory: &Directory) -> Result<Vec<[u8; 3]>, MediaFault> {
    let entry = directory.color_map.ok_or_else(|| MediaFault::damaged("the palette is missing"))?;
    let values: Option<Vec<u64>> = entry.values(bytes, directory.layout).collect();
    let table = values.ok_or_else(MediaFault::cut_short)?;
    // Tones have 16 bits, but some programs write 8.
    let shift = if table.iter().all(|value| *value < 256) { 0 } else { 8 };
    let plane = table.len() / 3;
    let tone = |at: usize| u8::try_from(table.get(at).copied().unwrap_or(0) >> shift).unwrap_or(255);
    Ok((0..plane).map(|at| [0, 1, 2].map(|channel| tone(channel * plane + at))).collect())
}

fn blend(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u16::from(value), u16::from(alpha));
    u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255)
}

/// Converts full-range YCbCr (ITU-R BT.601) to RGB.
fn ycbcr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(round)
}

/// Converts CIE L*a*b* to sRGB.
fn lab_to_rgb([light, a, b]: [f32; 3]) -> [u8; 3] {
    let middle = (light + 16.0) / 116.0;
    let inverse = |t: f32| if t > 6.0 / 29.0 { t * t * t } else { (t - 16.0 / 116.0) * 108.0 / 841.0 };
    let [x, y, z] = [middle + a / 500.0, middle, middle - b / 200.0].map(inverse);
    let (x, y, z) = (x * WHITE[0], y * WHITE[1], z * WHITE[2]);
    let linear = [
        3.240_454 * x - 1.537_139 * y - 0.498_531 * z,
        -0.969_266 * x + 1.876_011 * y + 0.041_556 * z,
        0.055_643 * x - 0.204_026 * y + 1.057_225 * z,
    ];
    linear.map(|value| {
        let value = value.clamp(0.0, 1.0);
        let encoded = if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
        round(255.0 * encoded)
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn round(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(model: ColorModel, alpha: Alpha, bits: u64, samples: usize, pixels: &[u16]) -> Vec<u8> {
        let converter = PixelConverter { model, alpha, is_alpha_guessed: false, bits, samples };
        let mut out = vec![0; pixels.len() / samples * usize::from(converter.channels())];
        converter.convert(pixels, &mut out).unwrap();
        out
    }

    #[test]
    fn samples_of_every_depth_and_meaning() {
        use ColorModel::{Cmyk, Grey, Lab, Palette, Rgb, YCbCr};
        for (model, alpha, bits, samples, pixels, expected) in [
            (Grey(false), Alpha::None, 1, 1, &[0, 1][..], &[0, 255][..]),
            (Grey(true), Alpha::None, 1, 1, &[0, 1], &[255, 0]),
            (Grey(false), Alpha::None, 2, 1, &[1, 3], &[85, 255]),
            (Grey(false), Alpha::None, 4, 1, &[1, 15], &[17, 255]),
            (Grey(false), Alpha::None, 12, 1, &[0x0FFF, 0x0800], &[255, 128]),
            (Grey(false), Alpha::None, 16, 1, &[0xFFFF, 0x1234], &[255, 0x12]),
            // Transparent black, half of it, and opaque black; samples that are not alpha.
            (Grey(false), Alpha::Straight, 8, 2, &[0, 0, 0, 128, 0, 255], &[255, 127, 0]),
            (Grey(false), Alpha::Premultiplied, 8, 2, &[0, 0, 64, 128], &[255, 191]),
            (Grey(true), Alpha::Straight, 8, 2, &[255, 255, 255, 0], &[0, 255]),
            (Grey(false), Alpha::Straight, 16, 2, &[0, 0xFFFF, 0, 0], &[0, 255]),
            (Grey(false), Alpha::None, 8, 2, &[9, 0, 8, 255], &[9, 8]),
            (Rgb, Alpha::Straight, 8, 4, &[10, 20, 30, 255, 1, 2, 3, 0], &[10, 20, 30, 255, 255, 255]),
            (Rgb, Alpha::Premultiplied, 8, 4, &[50, 60, 70, 128], &[177, 187, 197]),
            (Palette(vec![[1, 2, 3], [4, 5, 6]]), Alpha::None, 16, 2, &[1, 0, 0, 9], &[4, 5, 6, 1, 2, 3]),
            (Cmyk, Alpha::None, 8, 4, &[255, 0, 0, 0, 0, 0, 0, 255], &[0, 255, 255, 0, 0, 0]),
            (YCbCr, Alpha::None, 8, 3, &[0, 128, 128, 76, 85, 255], &[0, 0, 0, 254, 0, 0]),
            (Lab(true), Alpha::None, 8, 3, &[255, 0, 0, 0, 0, 0, 137, 0, 0], &[255, 255, 255, 0, 0, 0, 128, 128, 128]),
            (Lab(false), Alpha::None, 8, 3, &[255, 128, 128], &[255, 255, 255]),
            (Lab(true), Alpha::None, 16, 3, &[0xFFFF, 0, 0], &[255, 255, 255]),
            (Lab(false), Alpha::None, 16, 3, &[0xFF00, 0x8000, 0x8000], &[255, 255, 255]),
            // Red: L* 53.2, a* 80.1, b* 67.2.
            (Lab(true), Alpha::None, 8, 3, &[136, 80, 67], &[255, 0, 0]),
        ] {
            let found = convert(model, alpha, bits, samples, pixels);
            let near = found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 2);
            assert!(near, "{pixels:?} with {bits} bits: {found:?}, not {expected:?}");
        }
    }
}
