//! What can go wrong at the API: a kind to match on, a sentence for the reader, a source for the log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::vendor::Vendor;

/// The kinds of error that a caller of the API can meet. `answer.rs` turns them into HTTP statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The body is not JSON.
    InvalidJson,
    /// The body, the path or the query is not what this route takes; the error names the field.
    InvalidRequest,
    /// No credential, or one that is forged or expired.
    Unauthorized,
    /// The credential is good but may not do this.
    RoleNotAllowed,
    /// There is no such route or thing.
    NotFound,
    /// There is no such session, or it is somebody else's.
    SessionNotFound,
    /// The session is closed; open another.
    SessionClosed,
    /// The same key came with another body.
    IdempotencyConflict,
    /// The body is too large.
    BodyTooLarge,
    /// The vendor said no, for good.
    VendorRefused,
    /// This deployment has no settings for that vendor.
    VendorNotConfigured,
    /// The vendor is busy, cannot be reached, or does not answer.
    VendorUnavailable,
    /// The table or the queues refuse. Whether it was recorded cannot be known; a repeat under the same
    /// key finds out.
    StorageUnavailable,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// Every kind, for the test that holds `infra/openapi.yaml` against the code.
    pub const ALL: [Self; 14] = [
        Self::InvalidJson,
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::RoleNotAllowed,
        Self::NotFound,
        Self::SessionNotFound,
        Self::SessionClosed,
        Self::IdempotencyConflict,
        Self::BodyTooLarge,
        Self::VendorRefused,
        Self::VendorNotConfigured,
        Self::VendorUnavailable,
        Self::StorageUnavailable,
        Self::Internal,
    ];

    /// The stable code that callers match on.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidRequest => "invalid_request",
            Self::Unauthorized => "unauthorized",
            Self::RoleNotAllowed => "role_not_allowed",
            Self::NotFound => "not_found",
            Self::SessionNotFound => "session_not_found",
            Self::SessionClosed => "session_closed",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::BodyTooLarge => "body_too_large",
            Self::VendorRefused => "vendor_refused",
            Self::VendorNotConfigured => "vendor_not_configured",
            Self::VendorUnavailable => "vendor_unavailable",
            Self::StorageUnavailable => "storage_unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A vendor's own code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VendorCode {
    /// Udesk's and Tencent's.
    Number(i64),
    /// Sobot's, whose zeros in front count.
    Text(String),
}

impl From<i64> for VendorCode {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for VendorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// What a vendor said when it refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorFault {
    /// Which vendor.
    pub name: String,
    /// Its code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<VendorCode>,
    /// Its words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl VendorFault {
    /// The vendor's code, where it is a number.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self.code {
            Some(VendorCode::Number(number)) => Some(number),
            Some(VendorCode::Text(_)) | None => None,
        }
    }
}

/// An error on its way to a caller of the API.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    field: Option<String>,
    vendor: Option<Box<VendorFault>>,
    retry_after: Option<u32>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` whose sentence says what to do.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            field: None,
            vendor: None,
            retry_after: None,
            source: None,
        }
    }

    /// A request whose `field` is not what the route takes.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(Kind::InvalidRequest, message)
        }
    }

    /// The answer for a session that is not there, or not the caller's: the two look the same.
    #[must_use]
    pub fn session_not_found() -> Self {
        Self::new(
            Kind::SessionNotFound,
            "there is no such session; POST /sessions opens one",
        )
    }

    /// The answer for a write to a session that has ended.
    #[must_use]
    pub fn session_closed() -> Self {
        Self::new(
            Kind::SessionClosed,
            "the session is closed; POST /sessions opens a new one",
        )
    }

    /// The vendor's final no.
    #[must_use]
    pub fn vendor_refused(fault: VendorFault) -> Self {
        Self {
            message: format!("{} refused: {}", fault.name, fault.message),
            vendor: Some(Box::new(fault)),
            ..Self::new(Kind::VendorRefused, "")
        }
    }

    /// With what the caller can do about it.
    #[must_use]
    pub fn with_advice(mut self, advice: &str) -> Self {
        self.message = format!("{}; {advice}", self.message);
        self
    }

    /// The vendor is busy, or gives no answer that could be read. Its own words go to the caller and
    /// not into the log: nobody knows what they hold.
    #[must_use]
    pub fn vendor_unavailable(fault: VendorFault) -> Self {
        Self {
            message: format!(
                "{} is busy or does not answer; try again in a moment",
                fault.name
            ),
            vendor: Some(Box::new(fault)),
            ..Self::new(Kind::VendorUnavailable, "")
        }
    }

    /// The vendor is off.
    #[must_use]
    pub fn vendor_not_configured(vendor: Vendor) -> Self {
        Self::new(
            Kind::VendorNotConfigured,
            format!("this deployment has no settings for {vendor}; see the README's settings"),
        )
    }

    /// With what lies behind it, for the log alone.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// With the seconds after which trying again may help.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The seconds after which trying again may help, where they are known.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The field at fault, where there is one.
    #[must_use]
    pub fn at_field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// What the vendor said, where it did.
    #[must_use]
    pub fn vendor(&self) -> Option<&VendorFault> {
        self.vendor.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}
