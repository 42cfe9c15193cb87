//! Observed bills of an endpoint, by the `detail` that was sent: kept in the store as JSON.

use crate::catalog::{Calibration, Detail};
use std::collections::BTreeMap;

/// Calibrations of one endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calibrations(BTreeMap<String, Calibration>);

impl Calibrations {
    /// Reads what the store keeps.
    ///
    /// # Errors
    /// When it is not valid JSON of this form.
    pub(crate) fn parse(stored: Option<&str>) -> Result<Self, String> {
        let Some(text) = stored else { return Ok(Self::default()) };
        serde_json::from_str(text).map(Self).map_err(|error| error.to_string())
    }

    /// The calibration for a `detail`.
    pub(crate) fn for_detail(&self, detail: Detail) -> Calibration {
        self.0.get(detail.name()).cloned().unwrap_or_default()
    }

    /// The text that the store keeps, with `calibration` for `detail`.
    pub(crate) fn to_text_with(&self, detail: Detail, calibration: Calibration) -> String {
        let mut all = self.0.clone();
        all.insert(detail.name().to_owned(), calibration);
        // A map of numbers is always valid JSON.
        serde_json::to_string(&all).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_detail_has_its_own() {
        let mut low = Calibration::default();
        assert!(low.record_image((100, 100), 85, 10));
        let text = Calibrations::default().to_text_with(Detail::Low, low.clone());
        let read = Calibrations::parse(Some(&text)).unwrap();
        assert_eq!(read.for_detail(Detail::Low), low);
        assert_eq!(read.for_detail(Detail::High), Calibration::default());
        assert_eq!(Calibrations::parse(None).unwrap().for_detail(Detail::Low), Calibration::default());
    }

    #[test]
    fn other_text_is_damage() {
        for text in ["{", "[1]", r#"{"high":{}}"#, r#"{"high":1}"#] {
            assert!(Calibrations::parse(Some(text)).is_err(), "{text}");
        }
    }
}
