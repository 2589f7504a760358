//! All the vendors.

use crate::Problem;
use crate::arguments::Arguments;
use crate::desk::{Desk, Vendor, current};
use crate::{sobot, tencent, udesk};
use deskbridge_local::{Bundle, Error};
use deskbridge_twins as twins;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each vendor's twin or account.
pub(crate) struct Desks {
    pub(crate) udesk: Desk<twins::udesk::Twin>,
    pub(crate) sobot: Desk<twins::sobot::Twin>,
    pub(crate) tencent: Desk<twins::tencent::Twin>,
}

impl Desks {
    const VENDORS: [Vendor; 3] = [udesk::VENDOR, sobot::VENDOR, tencent::VENDOR];

    pub(crate) async fn start(
        given: &BTreeMap<String, String>,
        arguments: &Arguments,
        data: &Path,
    ) -> Result<Desks, Problem> {
        Ok(Desks {
            udesk: udesk::start(given, arguments.udesk_port, data).await?,
            sobot: sobot::start(given, arguments.sobot_port, data).await?,
            tencent: tencent::start(given, arguments.tencent_port, data).await?,
        })
    }

    /// Forgets what the twins knew.
    pub(crate) fn wipe(data: &Path) -> Result<(), Error> {
        Self::VENDORS
            .iter()
            .try_for_each(|vendor| vendor.wipe(data))
    }

    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        let mut settings = self.udesk.settings();
        settings.extend(self.sobot.settings());
        settings.extend(self.tencent.settings());
        settings
    }

    /// Tells the twins where their pushes go.
    pub(crate) fn push_to(
        &self,
        bundle: &Bundle,
        functions: &BTreeSet<String>,
        settings: &BTreeMap<String, String>,
    ) {
        if let Some(twin) = self.udesk.twin() {
            udesk::pushes_to(twin, bundle, functions, current(settings, udesk::SECRETS));
        }
        if let Some(twin) = self.sobot.twin() {
            sobot::pushes_to(twin, bundle, functions, current(settings, sobot::SECRETS));
        }
        if let Some(twin) = self.tencent.twin() {
            let secret = current(settings, tencent::SECRETS);
            tencent::calls_back_to(twin, bundle, functions, secret);
        }
    }

    pub(crate) async fn stop(&self) {
        if let Some(twin) = self.udesk.twin() {
            twin.stop().await;
        }
        if let Some(twin) = self.sobot.twin() {
            twin.stop().await;
        }
        if let Some(twin) = self.tencent.twin() {
            twin.stop().await;
        }
    }
}
