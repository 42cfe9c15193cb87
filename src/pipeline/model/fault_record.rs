//! What the store keeps of the faults that stages of a run find.

use crate::media::{DECODER_VERSION, MediaFault};
use crate::provider::{PageFault, TransientFault};
use crate::store::{FaultRecord, PageFaultRecord};

impl From<MediaFault> for FaultRecord {
    fn from(fault: MediaFault) -> Self {
        Self { kind: fault.kind.error_kind(), message: fault.message }
    }
}

impl From<&TransientFault> for FaultRecord {
    fn from(fault: &TransientFault) -> Self {
        Self { kind: fault.kind, message: fault.message.clone() }
    }
}

impl From<&PageFault> for FaultRecord {
    fn from(fault: &PageFault) -> Self {
        Self { kind: fault.kind, message: fault.message.clone() }
    }
}

/// That this decoder can't draw a page with these renderers.
pub(crate) fn page_fault(fault: impl Into<FaultRecord>, renderers: &str) -> PageFaultRecord {
    PageFaultRecord { fault: fault.into(), decoder: DECODER_VERSION, renderers: renderers.to_owned() }
}
