//! The colour that areas are filled with, as far as it is one of a device. Source: ISO 32000-1, 8.6.4 and 8.6.8.

/// A colour of areas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fill {
    Grey([f64; 1]),
    Rgb([f64; 3]),
    Cmyk([f64; 4]),
    /// One of another colour space, or a pattern.
    Other,
}

impl Fill {
    /// The colour that a page begins with.
    pub(crate) const BLACK: Self = Self::Grey([0.0]);

    /// The colour of the operators `g`, `rg` and `k`, by the number of operands.
    pub(crate) fn new(operands: &[f64]) -> Self {
        let grey = || operands.try_into().ok().map(Self::Grey);
        let rgb = || operands.try_into().ok().map(Self::Rgb);
        let cmyk = || operands.try_into().ok().map(Self::Cmyk);
        grey().or_else(rgb).or_else(cmyk).unwrap_or(Self::Other)
    }

    pub(crate) fn is_white(&self) -> bool {
        match self {
            Self::Grey(tones) => tones.iter().all(|tone| *tone >= 1.0),
            Self::Rgb(tones) => tones.iter().all(|tone| *tone >= 1.0),
            Self::Cmyk(inks) => inks.iter().all(|ink| *ink <= 0.0),
            Self::Other => false,
        }
    }

    /// Whether it is black whatever the profile of the device.
    pub(crate) fn is_black(&self) -> bool {
        match self {
            Self::Grey(tones) => tones.iter().all(|tone| *tone <= 0.0),
            Self::Rgb(tones) => tones.iter().all(|tone| *tone <= 0.0),
            Self::Cmyk(_) | Self::Other => false,
        }
    }

    /// The operator that sets the colour. `None`: it takes more than one.
    pub(crate) fn operator(&self) -> Option<String> {
        let (numbers, operator): (&[f64], _) = match self {
            Self::Grey(tones) => (tones, "g"),
            Self::Rgb(tones) => (tones, "rg"),
            Self::Cmyk(inks) => (inks, "k"),
            Self::Other => return None,
        };
        Some(numbers.iter().map(|number| format!("{number} ")).collect::<String>() + operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_devices_are_known_by_their_operands() {
        for (operands, operator, is_white, is_black) in [
            (&[0.0][..], Some("0 g"), false, true),
            (&[1.0], Some("1 g"), true, false),
            (&[0.5], Some("0.5 g"), false, false),
            (&[0.0, 0.0, 0.0], Some("0 0 0 rg"), false, true),
            (&[1.0, 1.0, 1.0], Some("1 1 1 rg"), true, false),
            (&[1.0, 0.0, 0.25], Some("1 0 0.25 rg"), false, false),
            (&[0.0, 0.0, 0.0, 0.0], Some("0 0 0 0 k"), true, false),
            (&[0.0, 0.0, 0.0, 1.0], Some("0 0 0 1 k"), false, false),
            (&[], None, false, false),
            (&[0.0, 0.0], None, false, false),
        ] {
            let fill = Fill::new(operands);
            assert_eq!(fill.operator().as_deref(), operator);
            assert_eq!((fill.is_white(), fill.is_black()), (is_white, is_black), "{operands:?}");
        }
    }
}
