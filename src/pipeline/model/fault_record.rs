//! What the store keeps of the faults that stages of a run find.

use crate::media::MediaFault;
use crate::provider::{PageFault, TransientFault};
use crate::store::FaultRecord;

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
