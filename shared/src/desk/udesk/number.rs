//! Udesk's own number of a customer. Some of its look-ups want it, it never changes, and it is found by a call of
//! its own: so it is kept.

use crate::{
    budget::Class,
    clock::{self, Millis},
    config::{Settings, UDESK_CUSTOMER_TYPE},
    desk::{AskError, UdeskLine},
    ids::CustomerId,
    vendor::{
        Vendor,
        udesk::{Code, Id, get_customer},
    },
};

/// How long a number is kept. A customer who is deleted at Udesk and comes again gets another.
const KEPT: Millis = 30 * 24 * 3_600 * 1_000;

/// Finds customers' numbers. Made once at init.
#[derive(Clone, Debug)]
pub struct CustomerNumbers {
    kind: String,
}

impl CustomerNumbers {
    /// As the settings want it.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let kind = settings.optional(&UDESK_CUSTOMER_TYPE);
        Self {
            kind: kind.unwrap_or_else(|| get_customer::TYPE.to_owned()),
        }
    }

    /// What Udesk calls the app's ids of customers, where it is asked for one.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Udesk's number of `customer`; `None` where Udesk knows no such customer.
    ///
    /// # Errors
    /// Where the call brought nothing.
    pub async fn of(
        &self,
        udesk: &UdeskLine<'_>,
        customer: &CustomerId,
        class: Class,
    ) -> Result<Option<Id>, AskError> {
        let what = format!("customer:{customer}");
        let table = udesk.table();
        let kept = table.remembered(Vendor::Udesk, &what, clock::now()).await;
        match kept {
            Ok(Some(number)) => {
                if let Ok(number) = number.parse() {
                    return Ok(Some(Id(number)));
                }
            }
            Ok(None) => {}
            // It can be asked anew.
            Err(error) => {
                tracing::warn!(error = crate::lambda::chain(&error), "not looked up");
            }
        }
        let request = get_customer::Request {
            kind: &self.kind,
            content: customer.as_str(),
        };
        let number = match udesk.ask(&request, class).await {
            Ok(found) => found.id,
            Err(AskError::Refused(fault))
                if fault.number() == Some(Code::NotAdminOrAbsent.number()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let text = number.to_string();
        let kept = table
            .remember(Vendor::Udesk, &what, &text, KEPT, clock::now())
            .await;
        if let Err(error) = kept {
            tracing::warn!(error = crate::lambda::chain(&error), "not kept");
        }
        Ok(Some(number))
    }
}
