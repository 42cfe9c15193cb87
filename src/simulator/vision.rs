//! What the simulator sees of a page: a few measures of a small copy. It can't read letters.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};

/// Maximum side of the copy that is measured, in pixels.
const MAX_SIDE: u32 = 480;

/// Measures of an image.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageMeasures {
    /// Width of the image, in pixels.
    pub(crate) width: u32,
    /// Height of the image, in pixels.
    pub(crate) height: u32,
    /// Width over height.
    pub(crate) aspect: f64,
    /// Share of dark pixels.
    pub(crate) ink: f64,
    /// Share of pixels as bright as paper.
    pub(crate) paper: f64,
    /// Share of pixels between ink and paper.
    pub(crate) mid: f64,
    /// Share of coloured pixels.
    pub(crate) colour: f64,
    /// Share of coloured pixels among dark ones.
    pub(crate) coloured_ink: f64,
    /// Number of horizontal lines of at least a third of the width.
    pub(crate) long_rows: usize,
    /// Number of vertical lines of at least a sixth of the height.
    pub(crate) long_columns: usize,
    /// Number of vertical lines of a fiftieth to a sixth of the height, such as sides of boxes.
    pub(crate) short_columns: usize,
    /// Share of the height, from the top edge, that is one flat colour other than white.
    pub(crate) top_bar: f64,
}

/// Measures an encoded image. `None`: the bytes can't be decoded.
pub(crate) fn measure(bytes: &[u8]) -> Option<ImageMeasures> {
    let image = image::load_from_memory(bytes).ok()?;
    let (width, height) = (image.width(), image.height());
    let small =
        if width.max(height) > MAX_SIDE { image.resize(MAX_SIDE, MAX_SIDE, FilterType::Triangle) } else { image };
    let aspect = f64::from(width) / f64::from(height);
    let mut measures = ImageMeasures { width, height, aspect, ..ImageMeasures::default() };
    let grey = measure_tones(small, &mut measures)?;
    count_lines(&grey, &mut measures);
    measures.top_bar = top_bar(&grey);
    Some(measures)
}

/// Measures tones and colours. Returns the image in grey.
fn measure_tones(small: DynamicImage, measures: &mut ImageMeasures) -> Option<GrayImage> {
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
    measures.ink = f64::from(ink) / total;
    measures.paper = f64::from(paper) / total;
    measures.mid = 1.0 - measures.ink - measures.paper;
    measures.colour = f64::from(coloured) / total;
    measures.coloured_ink = f64::from(coloured_ink) / f64::from(ink.max(1));
    Some(grey)
}

fn count_lines(grey: &GrayImage, measures: &mut ImageMeasures) {
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let dark: Vec<bool> = grey.as_raw().iter().map(|value| *value < 170).collect();
    let mut rows = vec![false; height];
    let mut longest_down = vec![0; width];
    let mut down = vec![0; width];
    for y in 0..height {
        let (here, above) = (&dark[y * width..][..width], &dark[y.saturating_sub(1) * width..][..width]);
        let (mut across, mut longest) = (0, 0);
        for x in 0..width {
            // The neighbour across the line counts too: scans are slightly skewed.
            across = if here[x] || above[x] { across + 1 } else { 0 };
            longest = longest.max(across);
            down[x] = if here[x] || here[x.saturating_sub(1)] { down[x] + 1 } else { 0 };
            longest_down[x] = longest_down[x].max(down[x]);
        }
        rows[y] = longest * 3 >= width;
    }
    measures.long_rows = count_groups(rows.iter().copied());
    measures.long_columns = count_groups(longest_down.iter().map(|run| run * 6 >= height));
    measures.short_columns = count_groups(longest_down.iter().map(|run| run * 6 < height && run * 50 >= height));
}

/// The number of groups of adjacent hits.
fn count_groups(hits: impl Iterator<Item = bool>) -> usize {
    let (mut count, mut was_hit) = (0, false);
    for is_hit in hits {
        count += usize::from(is_hit && !was_hit);
        was_hit = is_hit;
    }
    count
}

fn top_bar(grey: &GrayImage) -> f64 {
    let is_flat = |y: &u32| {
        let row: Vec<u8> = (0..grey.width()).map(|x| grey.get_pixel(x, *y).0[0]).collect();
        let middle = row[row.len() / 2];
        middle < 235 && row.iter().filter(|v| v.abs_diff(middle) < 12).count() * 10 > row.len() * 6
    };
    let rows = (0..grey.height() / 5).take_while(is_flat).count();
    #[expect(clippy::cast_precision_loss, reason = "a share of a few hundred rows")]
    let share = rows as f64 / f64::from(grey.height());
    share
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    pub(crate) const PAPER: [u8; 3] = [250, 250, 247];
    pub(crate) const INK: [u8; 3] = [20, 20, 24];

    /// An upright page of paper, 300 x 420 pixels, with filled rectangles: x, y, width, height, colour.
    pub(crate) fn page(rectangles: &[(u32, u32, u32, u32, [u8; 3])]) -> RgbImage {
        let mut page = RgbImage::from_pixel(300, 420, Rgb(PAPER));
        for (x, y, width, height, colour) in rectangles {
            for (x, y) in (*x..x + width).flat_map(|x| (*y..y + height).map(move |y| (x, y))) {
                page.put_pixel(x, y, Rgb(*colour));
            }
        }
        page
    }

    pub(crate) fn measured(image: &RgbImage) -> ImageMeasures {
        let mut png = std::io::Cursor::new(Vec::new());
        image.write_to(&mut png, image::ImageFormat::Png).unwrap();
        measure(png.get_ref()).unwrap()
    }

    #[test]
    fn a_blank_page_is_paper() {
        let blank = measured(&page(&[]));
        assert_eq!((blank.width, blank.height, blank.paper, blank.ink, blank.colour), (300, 420, 1.0, 0.0, 0.0));
        assert_eq!((blank.long_rows, blank.long_columns, blank.short_columns, blank.top_bar), (0, 0, 0, 0.0));
        assert!((blank.aspect - 300.0 / 420.0).abs() < 1e-9);
    }

    #[test]
    fn tones_are_shares_of_the_pixels() {
        let half = measured(&page(&[(0, 0, 150, 420, INK), (150, 0, 75, 420, [180, 180, 180])]));
        assert_eq!((half.ink, half.mid, half.paper), (0.5, 0.25, 0.25));
        let red = measured(&page(&[(0, 0, 150, 210, [160, 30, 30]), (0, 210, 150, 210, INK)]));
        assert_eq!((red.colour, red.coloured_ink), (0.25, 0.5));
    }

    #[test]
    fn ruled_lines_are_counted_by_length() {
        let rows: Vec<_> = (0..5).map(|row| (20, 100 + row * 40, 260, 2, INK)).collect();
        let columns: Vec<_> = (0..3).map(|column| (40 + column * 90, 90, 2, 200, INK)).collect();
        let grid = measured(&page(&[rows.as_slice(), &columns].concat()));
        assert_eq!((grid.long_rows, grid.long_columns), (5, 3));
        // Sides of boxes are short columns; their tops are too short for a row.
        let boxes = measured(&page(&[(50, 100, 2, 24, INK), (80, 100, 2, 24, INK), (50, 100, 30, 2, INK)]));
        assert_eq!((boxes.long_rows, boxes.long_columns, boxes.short_columns), (0, 0, 2));
    }

    #[test]
    fn a_bar_at_the_top_is_measured_from_the_edge() {
        let bar = measured(&page(&[(0, 0, 300, 42, [60, 60, 90])]));
        assert!((bar.top_bar - 0.1).abs() < 1e-9, "{}", bar.top_bar);
        assert_eq!(measured(&page(&[(0, 10, 300, 42, [60, 60, 90])])).top_bar, 0.0, "not at the edge");
    }

    #[test]
    fn a_large_image_is_measured_on_a_smaller_copy() {
        let large = image::imageops::resize(&page(&[(0, 0, 150, 420, INK)]), 1200, 1680, FilterType::Nearest);
        let measures = measured(&large);
        assert_eq!((measures.width, measures.height), (1200, 1680));
        assert!((measures.ink - 0.5).abs() < 0.01, "{}", measures.ink);
    }

    #[test]
    fn bytes_that_are_no_image_have_no_measures() {
        assert!(measure(b"").is_none() && measure(b"\xff\xd8\xff").is_none() && measure(b"no image").is_none());
    }
}
