//! Downscales a page, then turns it upright. Turning the smaller picture is cheaper.

use crate::media::{MediaFault, Orientation, Pixels, Probe};

/// Scales a page that is stored with this orientation to `target` (upright width and height),
/// and turns it upright.
///
/// # Errors
/// When `pixels` has fewer bytes than its size needs.
pub fn resize_upright(pixels: Pixels, orientation: Orientation, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let stored = Probe::turn_size(target, orientation);
    let scaled = if (pixels.width, pixels.height) == stored { pixels } else { scale(&pixels, stored)? };
    if orientation == Orientation::NoTransforms { Ok(scaled) } else { turn_upright(scaled, orientation) }
}

/// Scales to this size.
fn scale(pixels: &Pixels, (width, height): (u32, u32)) -> Result<Pixels, MediaFault> {
    let scaled =
        docmill_pixels::scale::scale(&pixels.data, pixels.channels, (pixels.width, pixels.height), (width, height));
    let data = scaled.map_err(|error| MediaFault::damaged(format!("can't be resized: {error}")))?;
    Ok(Pixels { width, height, channels: pixels.channels, data })
}

fn turn_upright(pixels: Pixels, orientation: Orientation) -> Result<Pixels, MediaFault> {
    let channels = pixels.channels;
    let mut picture = pixels.into_image().ok_or_else(|| MediaFault::damaged("the picture has too few pixels"))?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width(), picture.height());
    Ok(Pixels { width, height, channels, data: picture.into_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose left half is white and whose right half is black.
    fn halves(channels: u8) -> Pixels {
        let tone = |at: u32| if at % 40 < 20 { 255 } else { 0 };
        let data = (0..40 * 20).flat_map(|at| vec![tone(at); usize::from(channels)]).collect();
        Pixels { width: 40, height: 20, channels, data }
    }

    #[test]
    fn pages_come_upright_at_the_target_size() {
        for channels in [1, 3] {
            for (exif, target, white, black) in [
                (1, (20, 10), (2, 5), (17, 5)),
                (2, (20, 10), (17, 5), (2, 5)),
                (3, (20, 10), (17, 5), (2, 5)),
                (6, (10, 20), (5, 2), (5, 17)),
                (8, (10, 20), (5, 17), (5, 2)),
                (6, (20, 40), (9, 5), (9, 35)),
            ] {
                let orientation = Orientation::from_exif(exif).unwrap();
                let page = resize_upright(halves(channels), orientation, target).unwrap();
                assert_eq!((page.width, page.height, page.channels), (target.0, target.1, channels));
                let tone = |(x, y): (u32, u32)| page.data[((y * page.width + x) * u32::from(channels)) as usize];
                assert!(tone(white) > 240 && tone(black) < 15, "orientation {exif}, {target:?}");
            }
        }
    }

    #[test]
    fn pictures_with_too_few_bytes_are_damaged() {
        for exif in [1, 6] {
            let broken = Pixels { data: vec![0; 7], ..halves(1) };
            let orientation = Orientation::from_exif(exif).unwrap();
            let fault = resize_upright(broken, orientation, (10, 10)).err().unwrap();
            assert_eq!(fault.kind.name(), "damaged");
        }
    }
}
