//! What the simulator sees in a page: a handful of measures on a small copy.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};

/// Side of the small copy, in pixels.
const SIDE: u32 = 480;

/// What is seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Width over height.
    pub(crate) aspect: f64,
    /// Share of dark pixels.
    pub(crate) ink: f64,
    /// Share of pixels as bright as paper.
    pub(crate) paper: f64,
    /// Share of pixels that are neither.
    pub(crate) mid: f64,
    /// Share of coloured pixels.
    pub(crate) colour: f64,
    /// Share of coloured ones among dark pixels.
    pub(crate) coloured_ink: f64,
    /// Straight horizontal lines of a third of the width or more.
    pub(crate) long_rows: usize,
    /// Straight vertical lines of a sixth of the height or more.
    pub(crate) long_columns: usize,
    /// Short straight vertical lines, as small boxes have them.
    pub(crate) short_columns: usize,
    /// Share of rows, from the very top, that are one flat, not white colour.
    pub(crate) top_bar: f64,
}

pub(crate) fn look(bytes: &[u8]) -> Option<Sight> {
    let picture = image::load_from_memory(bytes).ok()?;
    let (width, height) = (picture.width(), picture.height());
    let small = if width.max(height) > SIDE { picture.resize(SIDE, SIDE, FilterType::Triangle) } else { picture };
    let mut sight = Sight { width, height, aspect: f64::from(width) / f64::from(height), ..Sight::default() };
    let grey = tones(small, &mut sight)?;
    lines(&grey, &mut sight);
    sight.top_bar = top_bar(&grey);
    Some(sight)
}

/// Measures tones and colours; the picture in grey.
fn tones(small: DynamicImage, sight: &mut Sight) -> Option<GrayImage> {
    let (width, height) = (small.width(), small.height());
    let (mut ink, mut paper, mut coloured, mut coloured_ink) = (0_u32, 0_u32, 0_u32, 0_u32);
    let grey = match small {
        DynamicImage::ImageLuma8(grey) => grey,
        other => {
            let rgb = if let DynamicImage::ImageRgb8(rgb) = other { rgb } else { other.into_rgb8() };
            let mut luma = Vec::with_capacity(rgb.len() / 3);
            for pixel in rgb.pixels() {
                let [r, g, b] = pixel.0.map(u32::from);
                let value = (r * 299 + g * 587 + b * 114) / 1000;
                let is_coloured = r.max(g).max(b) - r.min(g).min(b) > 50;
                coloured += u32::from(is_coloured);
                coloured_ink += u32::from(is_coloured && value < 150);
                luma.push(u8::try_from(value).unwrap_or(255));
            }
            GrayImage::from_raw(width, height, luma)?
        }
    };
    for value in grey.as_raw() {
        ink += u32::from(*value < 140);
        paper += u32::from(*value > 215);
    }
    let total = f64::from(width * height);
    sight.ink = f64::from(ink) / total;
    sight.paper = f64::from(paper) / total;
    sight.mid = 1.0 - sight.ink - sight.paper;
    sight.colour = f64::from(coloured) / total;
    sight.coloured_ink = f64::from(coloured_ink) / f64::from(ink.max(1));
    Some(grey)
}

fn lines(grey: &GrayImage, sight: &mut Sight) {
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    // A dark pixel, or one beside it across the line's direction: scans are a little skewed.
    let dark: Vec<bool> = grey.as_raw().iter().map(|value| *value < 170).collect();
    let mut rows = vec![false; height];
    let mut longest_down = vec![0; width];
    let mut down = vec![0; width];
    for y in 0..height {
        let (here, above) = (&dark[y * width..][..width], &dark[y.saturating_sub(1) * width..][..width]);
        let (mut across, mut longest) = (0, 0);
        for x in 0..width {
            across = if here[x] || above[x] { across + 1 } else { 0 };
            longest = longest.max(across);
            down[x] = if here[x] || here[x.saturating_sub(1)] { down[x] + 1 } else { 0 };
            longest_down[x] = longest_down[x].max(down[x]);
        }
        rows[y] = longest * 3 >= width;
    }
    sight.long_rows = groups(rows.iter().copied());
    sight.long_columns = groups(longest_down.iter().map(|run| run * 6 >= height));
    sight.short_columns = groups(longest_down.iter().map(|run| run * 6 < height && run * 50 >= height));
}

/// Neighbouring hits count once.
fn groups(hits: impl Iterator<Item = bool>) -> usize {
    let (mut count, mut before) = (0, false);
    for hit in hits {
        count += usize::from(hit && !before);
        before = hit;
    }
    count
}

fn top_bar(grey: &GrayImage) -> f64 {
    let flat = |y: &u32| {
        let row: Vec<u8> = (0..grey.width()).map(|x| grey.get_pixel(x, *y).0[0]).collect();
        let middle = row[row.len() / 2];
        middle < 235 && row.iter().filter(|v| v.abs_diff(middle) < 12).count() * 10 > row.len() * 6
    };
    let rows = (0..grey.height() / 5).take_while(flat).count();
    #[expect(clippy::cast_precision_loss, reason = "a share of a few hundred rows")]
    let share = rows as f64 / f64::from(grey.height());
    share
}
