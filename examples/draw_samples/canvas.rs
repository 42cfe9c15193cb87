//! An image to draw on.

use crate::font::glyph;
use docmill::internal::base::random::Random;
use image::{Rgb, RgbImage};

pub(crate) type Colour = [u8; 3];

pub(crate) const BLACK: Colour = [25, 25, 28];
pub(crate) const GREY: Colour = [120, 120, 120];

pub(crate) struct Canvas(RgbImage);

impl Canvas {
    pub(crate) fn new(width: u32, height: u32, paper: Colour) -> Self {
        Self(RgbImage::from_pixel(width, height, Rgb(paper)))
    }

    pub(crate) fn width(&self) -> u32 {
        self.0.width()
    }

    pub(crate) fn height(&self) -> u32 {
        self.0.height()
    }

    pub(crate) fn rgb(&self) -> &[u8] {
        self.0.as_raw()
    }

    pub(crate) fn grey(&self) -> Vec<u8> {
        image::imageops::grayscale(&self.0).into_raw()
    }

    pub(crate) fn drain_colour(&mut self) {
        for pixel in self.0.pixels_mut() {
            let luma = (u32::from(pixel.0[0]) * 299 + u32::from(pixel.0[1]) * 587 + u32::from(pixel.0[2]) * 114) / 1000;
            pixel.0 = [luma as u8; 3];
        }
    }

    pub(crate) fn turned_left(&self) -> Self {
        Self(image::imageops::rotate270(&self.0))
    }

    pub(crate) fn put(&mut self, x: i64, y: i64, colour: Colour) {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && x < self.width()
            && y < self.height()
        {
            self.0.put_pixel(x, y, Rgb(colour));
        }
    }

    pub(crate) fn rect(&mut self, x: i64, y: i64, w: i64, h: i64, colour: Colour) {
        for row in y..y + h {
            for column in x..x + w {
                self.put(column, row, colour);
            }
        }
    }

    pub(crate) fn frame(&mut self, x: i64, y: i64, w: i64, h: i64, stroke: i64, colour: Colour) {
        self.rect(x, y, w, stroke, colour);
        self.rect(x, y + h - stroke, w, stroke, colour);
        self.rect(x, y, stroke, h, colour);
        self.rect(x + w - stroke, y, stroke, h, colour);
    }

    pub(crate) fn disc(&mut self, x: i64, y: i64, radius: i64, colour: Colour) {
        for dy in -radius..=radius {
            for dx in -radius..=radius {
                if dx * dx + dy * dy <= radius * radius {
                    self.put(x + dx, y + dy, colour);
                }
            }
        }
    }

    /// Draws text in capitals and returns its width.
    pub(crate) fn text(&mut self, x: i64, y: i64, scale: i64, text: &str, colour: Colour) -> i64 {
        let mut at = x;
        for letter in text.chars() {
            for (row, bits) in glyph(letter).into_iter().enumerate() {
                for column in 0..5 {
                    if bits >> (4 - column) & 1 == 1 {
                        self.rect(at + column * scale, y + row as i64 * scale, scale, scale, colour);
                    }
                }
            }
            at += 6 * scale;
        }
        at - x
    }

    /// Adds grain like that of an image sensor.
    pub(crate) fn grain(&mut self, amount: f64, random: &Random) {
        for pixel in self.0.pixels_mut() {
            let noise = ((random.unit() + random.unit() - 1.0) * amount) as i32;
            pixel.0 = pixel.0.map(|value| (i32::from(value) + noise).clamp(0, 255) as u8);
        }
    }
}
