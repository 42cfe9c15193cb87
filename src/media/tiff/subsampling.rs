//! YCbCr samples whose colour has a lower resolution, in other compressions than JPEG. Source: TIFF
//! 6.0, section 21.

/// Blocks of pixels that share their colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subsampling {
    across: usize,
    down: usize,
}

impl Subsampling {
    /// `None`: factors that the standard doesn't allow.
    pub(crate) fn new((across, down): (u64, u64)) -> Option<Self> {
        let factor = |factor: u64| usize::try_from(factor).ok().filter(|factor| [1, 2, 4].contains(factor));
        Some(Self { across: factor(across)?, down: factor(down)? })
    }

    /// Whether every pixel has its own colour.
    pub(crate) fn is_none(self) -> bool {
        self == Self { across: 1, down: 1 }
    }

    /// The bytes of a chunk of this width and height.
    pub(crate) fn size(self, width: usize, height: usize) -> usize {
        width.div_ceil(self.across) * height.div_ceil(self.down) * (self.across * self.down + 2)
    }

    /// Gives every pixel of a chunk its own colour.
    pub(crate) fn expand(self, data: &[u8], width: usize, height: usize) -> Vec<u8> {
        let mut out = vec![0; width * height * 3];
        let unit = self.across * self.down;
        let blocks_across = width.div_ceil(self.across);
        for (at, block) in data.chunks_exact(unit + 2).enumerate() {
            let (left, top) = (at % blocks_across * self.across, at / blocks_across * self.down);
            for (index, tone) in block[..unit].iter().enumerate() {
                let (x, y) = (left + index % self.across, top + index / self.across);
                if x < width && y < height {
                    let pixel = 3 * (y * width + x);
                    out[pixel..pixel + 3].copy_from_slice(&[*tone, block[unit], block[unit + 1]]);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_pixels() {
        let two = Subsampling::new((2, 2)).unwrap();
        assert_eq!(two.size(3, 2), 12);
        let pixels = two.expand(&[1, 2, 3, 4, 8, 9, 5, 0, 6, 0, 18, 19], 3, 2);
        assert_eq!(pixels, [1, 8, 9, 2, 8, 9, 5, 18, 19, 3, 8, 9, 4, 8, 9, 6, 18, 19]);
        assert!(Subsampling::new((1, 1)).unwrap().is_none());
        assert_eq!(Subsampling::new((3, 1)), None);
        assert_eq!(Subsampling::new((0, 1)), None);
    }
}
