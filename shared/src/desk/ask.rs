//! What came of a call that is no entry of a log.

use crate::{
    clock::{self, Millis},
    error::{Error, VendorFault},
};

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// It was not made: the vendor's rate budget is used up until then.
    Wait {
        /// When it may be made.
        retry_at: Millis,
        /// The same in words.
        fault: VendorFault,
    },
    /// The vendor said no, for good; its code stands in the fault.
    Refused(VendorFault),
    /// The vendor's session has ended, or never was.
    Gone(VendorFault),
    /// The vendor is busy, unreachable, or gave no answer.
    Unavailable {
        /// The wait that it named.
        after: Option<Millis>,
        /// What it said.
        fault: VendorFault,
    },
}

impl AskError {
    /// The vendor's own code, where it gave a number.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Wait { fault, .. }
            | Self::Refused(fault)
            | Self::Gone(fault)
            | Self::Unavailable { fault, .. } => fault.number(),
        }
    }
}

impl From<AskError> for Error {
    fn from(error: AskError) -> Self {
        let seconds = |wait: Millis| u32::try_from((wait + 999) / 1_000).unwrap_or(1).max(1);
        match error {
            AskError::Wait { retry_at, fault } => {
                let wait = (retry_at - clock::now()).max(0);
                Self::vendor_unavailable(fault).with_retry_after(seconds(wait))
            }
            AskError::Refused(fault) | AskError::Gone(fault) => Self::vendor_refused(fault),
            AskError::Unavailable { after, fault } => {
                let error = Self::vendor_unavailable(fault);
                match after {
                    Some(after) => error.with_retry_after(seconds(after)),
                    None => error,
                }
            }
        }
    }
}
