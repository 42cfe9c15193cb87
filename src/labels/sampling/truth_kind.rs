//! What measured pages show about the others.

/// What the truth shows about the pages of the job that it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TruthKind {
    /// Every page was drawn with a known probability: measures are estimates for all selected pages of the job.
    Sample,
    /// Every selected page of the job has truth: measures are those of the job.
    All,
    /// Pages were selected in another way: measures are those of these pages alone.
    #[default]
    Selected,
}

impl TruthKind {
    /// What pages with these probabilities show. `all`: how many pages are selected. `is_contradictory`: the
    /// probabilities can't be those of one sample.
    pub(crate) fn of_pages(probabilities: impl Iterator<Item = Option<f64>>, all: u64, is_contradictory: bool) -> Self {
        // Where every page has truth, nothing is estimated, however the pages were chosen.
        let (mut count, mut drawn) = (0, 0);
        for probability in probabilities {
            count += 1;
            drawn += u64::from(probability.is_some());
        }
        if count == all {
            Self::All
        } else if count == drawn && !is_contradictory {
            Self::Sample
        } else {
            Self::Selected
        }
    }

    /// What several tasks show together: the same, or nothing about other pages.
    pub(crate) fn of_tasks(kinds: impl IntoIterator<Item = Self>) -> Self {
        let same = kinds.into_iter().map(Some).reduce(|one, other| one.filter(|_| one == other));
        same.flatten().unwrap_or(Self::Selected)
    }

    /// Its name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::All => "all",
            Self::Selected => "selected",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_that_were_all_drawn_are_a_sample() {
        for (probabilities, all, is_contradictory, expected) in [
            (&[Some(0.5), Some(0.25)][..], 9, false, TruthKind::Sample),
            (&[Some(0.5), Some(0.25)], 9, true, TruthKind::Selected),
            (&[Some(0.5), Some(0.25)], 2, true, TruthKind::All),
            (&[Some(1.0), Some(1.0)], 2, false, TruthKind::All),
            (&[Some(0.5), None], 9, false, TruthKind::Selected),
            (&[Some(0.5), None], 2, false, TruthKind::All),
            (&[None], 1, false, TruthKind::All),
        ] {
            let found = TruthKind::of_pages(probabilities.iter().copied(), all, is_contradictory);
            assert_eq!(found, expected, "{probabilities:?} of {all}");
        }
        use TruthKind::{All, Sample, Selected};
        for (kinds, expected) in
            [(&[Sample, Sample][..], Sample), (&[Sample, All], Selected), (&[All], All), (&[], Selected)]
        {
            assert_eq!(TruthKind::of_tasks(kinds.iter().copied()), expected, "{kinds:?}");
        }
    }
}
