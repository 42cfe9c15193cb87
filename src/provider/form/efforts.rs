//! A set of reasoning efforts, such as those that an error lists as supported.

use crate::catalog::Effort;

/// A set of reasoning efforts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Efforts(u8);

impl Efforts {
    /// The efforts in the set, from the least to the most reasoning.
    pub fn iter(self) -> impl Iterator<Item = Effort> {
        Effort::ALL.into_iter().filter(move |effort| self.0 & Self::bit(*effort) != 0)
    }

    /// The set without `effort`.
    #[must_use]
    pub fn without(self, effort: Effort) -> Self {
        Self(self.0 & !Self::bit(effort))
    }

    fn bit(effort: Effort) -> u8 {
        1 << effort as u8
    }
}

impl FromIterator<Effort> for Efforts {
    fn from_iter<I: IntoIterator<Item = Effort>>(efforts: I) -> Self {
        Self(efforts.into_iter().fold(0, |set, effort| set | Self::bit(effort)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_in_order_and_without_duplicates() {
        let set: Efforts = [Effort::High, Effort::None, Effort::High].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Effort::None, Effort::High]);
        assert_eq!(set.without(Effort::None).iter().collect::<Vec<_>>(), [Effort::High]);
        assert_eq!(Efforts::default().iter().count(), 0);
        assert_eq!(Effort::ALL.into_iter().collect::<Efforts>().iter().count(), Effort::ALL.len());
    }
}
