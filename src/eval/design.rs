//! How the pages with truth were drawn: their weights and clusters.

/// Why a design can't be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum DesignFault {
    /// One weight and one cluster are needed for each page.
    #[error("{weights} weights, but {clusters} clusters")]
    Lengths {
        /// Number of weights.
        weights: usize,
        /// Number of clusters.
        clusters: usize,
    },
    /// An inclusion probability is greater than 0 and at most 1.
    #[error("inclusion probability {0} is not in (0, 1]")]
    Probability(f64),
}

/// The design of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// How many pages each page of the sample stands for, up to a common factor.
    weights: Vec<f64>,
    /// The cluster of each page.
    clusters: Vec<usize>,
}

impl Design {
    /// `n` independent pages, each as likely to be drawn as any other.
    #[must_use]
    pub fn simple(n: usize) -> Self {
        Self { weights: vec![1.0; n], clusters: (0..n).collect() }
    }

    /// Pages that are equally likely to be drawn, in clusters.
    #[must_use]
    pub fn clustered(clusters: Vec<usize>) -> Self {
        Self { weights: vec![1.0; clusters.len()], clusters }
    }

    /// Pages that were drawn with known inclusion probabilities, in clusters. A page stands for one
    /// divided by its probability (Horvitz and Thompson, 1952).
    ///
    /// # Errors
    /// [`DesignFault`] if a probability is not in (0, 1] or the numbers of pages differ.
    pub fn sampled(probabilities: &[f64], clusters: Vec<usize>) -> Result<Self, DesignFault> {
        if probabilities.len() != clusters.len() {
            return Err(DesignFault::Lengths { weights: probabilities.len(), clusters: clusters.len() });
        }
        if let Some(wrong) = probabilities.iter().find(|p| !(**p > 0.0 && **p <= 1.0)) {
            return Err(DesignFault::Probability(*wrong));
        }
        Ok(Self { weights: probabilities.iter().map(|p| 1.0 / p).collect(), clusters })
    }

    /// The design of some of the pages.
    #[must_use]
    pub fn subset(&self, pages: &[usize]) -> Self {
        Self {
            weights: pages.iter().map(|page| self.weights[*page]).collect(),
            clusters: pages.iter().map(|page| self.clusters[*page]).collect(),
        }
    }

    /// Number of pages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there is no page.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The weight of each page, up to a common factor.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The cluster of each page.
    #[must_use]
    pub fn clusters(&self) -> &[usize] {
        &self.clusters
    }

    /// Number of clusters.
    #[must_use]
    pub fn cluster_count(&self) -> usize {
        let mut ids = self.clusters.clone();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }

    /// Whether all pages have the same weight.
    #[must_use]
    pub fn has_equal_weights(&self) -> bool {
        self.weights.iter().all(|weight| *weight == self.weights[0])
    }

    /// Whether all pages have the same weight and their own cluster.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        self.cluster_count() == self.len() && self.has_equal_weights()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_checked() {
        assert_eq!(Design::sampled(&[0.5], vec![]), Err(DesignFault::Lengths { weights: 1, clusters: 0 }));
        for wrong in [0.0, -0.1, 1.1, f64::INFINITY] {
            assert_eq!(Design::sampled(&[0.5, wrong], vec![0, 1]), Err(DesignFault::Probability(wrong)));
        }
        assert!(Design::sampled(&[f64::NAN], vec![0]).is_err());
        assert_eq!(Design::sampled(&[0.25, 1.0], vec![0, 0]).unwrap().weights(), [4.0, 1.0]);
    }

    #[test]
    fn what_is_simple() {
        assert!(Design::simple(3).is_simple());
        assert!(Design::simple(0).is_simple());
        assert!(Design::sampled(&[0.2, 0.2], vec![5, 7]).unwrap().is_simple());
        assert!(!Design::sampled(&[0.2, 0.3], vec![5, 7]).unwrap().is_simple());
        assert!(!Design::clustered(vec![1, 1]).is_simple());
        assert!(Design::clustered(vec![1, 1, 2]).subset(&[1, 2]).is_simple());
    }
}
