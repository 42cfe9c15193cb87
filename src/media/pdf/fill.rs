//! The colour that areas are filled with. Source: ISO 32000-1, 8.6.4 and 8.6.8.

use super::color_space::{count_channels, is_known};
use hayro::hayro_syntax::object::Name;
use hayro::hayro_syntax::page::Resources;
use std::rc::Rc;

/// A colour of areas.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fill {
    Grey([f64; 1]),
    Rgb([f64; 3]),
    Cmyk([f64; 4]),
    /// One of a colour space of the resources.
    Named {
        /// The operator that sets the space.
        space: Rc<str>,
        channels: usize,
        /// The operands of the colour; empty: the first one.
        color: Rc<[f64]>,
    },
    /// A colour of an unknown colour space, or a pattern.
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

    /// The first colour of the space that the operator `cs` sets.
    pub(crate) fn in_space(name: &Name<'_>, resources: &Resources<'_>) -> Self {
        let find = |name: &Name<'_>| resources.get_color_space(name);
        match &**name {
            b"DeviceGray" => Self::BLACK,
            b"DeviceRGB" => Self::Rgb([0.0; 3]),
            b"DeviceCMYK" => Self::Cmyk([0.0, 0.0, 0.0, 1.0]),
            _ => {
                let space = find(name).filter(|space| is_known(space, &find));
                let channels = space.and_then(|space| usize::try_from(count_channels(&space, &find)?).ok());
                let written: String = name.iter().map(|byte| format!("#{byte:02X}")).collect();
                match channels {
                    Some(channels) => {
                        Self::Named { space: format!("/{written} cs").into(), channels, color: Rc::new([]) }
                    }
                    None => Self::Other,
                }
            }
        }
    }

    /// The colour of the same space that the operators `sc` and `scn` set with these numbers.
    pub(crate) fn with_color(&self, numbers: &[f64]) -> Self {
        let is_of = |channels: usize| numbers.len() == channels;
        match self {
            Self::Grey(_) if is_of(1) => Self::new(numbers),
            Self::Rgb(_) if is_of(3) => Self::new(numbers),
            Self::Cmyk(_) if is_of(4) => Self::new(numbers),
            Self::Named { space, channels, .. } if is_of(*channels) => {
                Self::Named { space: space.clone(), channels: *channels, color: numbers.into() }
            }
            _ => Self::Other,
        }
    }

    /// The same colour where these resources are unknown.
    pub(crate) fn without_resources(self) -> Self {
        if matches!(self, Self::Named { .. }) { Self::Other } else { self }
    }

    pub(crate) fn is_white(&self) -> bool {
        match self {
            Self::Grey(tones) => tones.iter().all(|tone| *tone >= 1.0),
            Self::Rgb(tones) => tones.iter().all(|tone| *tone >= 1.0),
            Self::Cmyk(inks) => inks.iter().all(|ink| *ink <= 0.0),
            Self::Named { .. } | Self::Other => false,
        }
    }

    /// Whether it is black whatever the profile of the device.
    pub(crate) fn is_black(&self) -> bool {
        match self {
            Self::Grey(tones) => tones.iter().all(|tone| *tone <= 0.0),
            Self::Rgb(tones) => tones.iter().all(|tone| *tone <= 0.0),
            Self::Cmyk(_) | Self::Named { .. } | Self::Other => false,
        }
    }

    /// The operators that set the colour. `None`: unknown.
    pub(crate) fn operators(&self) -> Option<String> {
        let write = |numbers: &[f64], operator: &str| {
            numbers.iter().map(|number| format!("{number} ")).collect::<String>() + operator
        };
        match self {
            Self::Grey(tones) => Some(write(tones, "g")),
            Self::Rgb(tones) => Some(write(tones, "rg")),
            Self::Cmyk(inks) => Some(write(inks, "k")),
            Self::Named { space, color, .. } if color.is_empty() => Some(space.to_string()),
            Self::Named { space, color, .. } => Some(format!("{space} {}", write(color, "sc"))),
            Self::Other => None,
        }
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
            assert_eq!(fill.operators().as_deref(), operator);
            assert_eq!((fill.is_white(), fill.is_black()), (is_white, is_black), "{operands:?}");
        }
    }

    #[test]
    fn a_colour_belongs_to_the_space_that_was_set_last() {
        let named = Fill::Named { space: "/#43 cs".into(), channels: 2, color: Rc::new([]) };
        for (fill, numbers, operators) in [
            (Fill::BLACK, &[0.5][..], Some("0.5 g")),
            (Fill::BLACK, &[0.5, 0.5, 0.5], None),
            (Fill::Rgb([0.0; 3]), &[0.5, 0.0, 1.0], Some("0.5 0 1 rg")),
            (Fill::Cmyk([0.0; 4]), &[0.0, 0.0, 0.0, 1.0], Some("0 0 0 1 k")),
            (named.clone(), &[0.5, 1.0], Some("/#43 cs 0.5 1 sc")),
            (named.clone(), &[], None),
            (Fill::Other, &[0.5], None),
        ] {
            assert_eq!(fill.with_color(numbers).operators().as_deref(), operators, "{fill:?} {numbers:?}");
        }
        assert_eq!(named.operators().as_deref(), Some("/#43 cs"));
        assert_eq!(named.without_resources(), Fill::Other);
    }
}
