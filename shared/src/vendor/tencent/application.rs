//! A Tencent application, as the settings describe it.

use std::num::NonZeroU64;

use super::user_sig::{LONGEST_USER_ID, is_user_id};
use crate::{
    config::{
        ConfigError, Setting, Settings, TENCENT_ADMIN, TENCENT_SDK_APP_ID, TENCENT_SECRET_KEY,
        TENCENT_SERVICE_ACCOUNT,
    },
    secret::Secret,
};

/// Tencent's own name for the administrator that every application has.
const ADMINISTRATOR: &str = "administrator";

/// The application, its key and the desk's own accounts.
#[derive(Debug)]
pub struct Application {
    /// Its SDKAppID.
    pub sdk_app_id: u64,
    /// What signs UserSigs.
    pub key: Secret,
    /// Its administrators.
    pub admins: Accounts,
    /// The customer-service accounts.
    pub service_accounts: Accounts,
}

/// One account of the desk's own, or more.
#[derive(Debug)]
pub struct Accounts {
    /// The one that we use.
    pub first: String,
    /// The others, which are the desk's as well.
    pub others: Vec<String>,
}

impl Application {
    /// `None` where Tencent is off.
    ///
    /// # Errors
    /// Where only some of its settings are there, or one is malformed.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        let all = [
            &TENCENT_SDK_APP_ID,
            &TENCENT_SECRET_KEY,
            &TENCENT_ADMIN,
            &TENCENT_SERVICE_ACCOUNT,
        ];
        let given = all.map(|setting| settings.optional(setting));
        if given.iter().all(Option::is_none) {
            return Ok(None);
        }
        let sdk_app_id = settings.required(&TENCENT_SDK_APP_ID)?;
        let sdk_app_id: NonZeroU64 = sdk_app_id
            .parse()
            .map_err(|error| TENCENT_SDK_APP_ID.malformed(&format!("{sdk_app_id:?}: {error}")))?;
        Ok(Some(Self {
            sdk_app_id: sdk_app_id.get(),
            key: Secret::new(settings.required(&TENCENT_SECRET_KEY)?),
            admins: Accounts::from_settings(settings, &TENCENT_ADMIN)?,
            service_accounts: Accounts::from_settings(settings, &TENCENT_SERVICE_ACCOUNT)?,
        }))
    }

    /// The desk's own accounts, which no customer has.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(ADMINISTRATOR)
            .chain(self.admins.iter())
            .chain(self.service_accounts.iter())
    }
}

impl Accounts {
    fn from_settings(settings: &Settings, setting: &Setting) -> Result<Self, ConfigError> {
        let mut accounts = settings.required_list(setting)?;
        if let Some(odd) = accounts.iter().find(|account| !is_user_id(account)) {
            return Err(setting.malformed(&format!(
                "{odd:?} is no account: one has 1 to {LONGEST_USER_ID} visible ASCII characters"
            )));
        }
        let first = accounts.remove(0);
        Ok(Self {
            first,
            others: accounts,
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(String::as_str)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(given: &'static [(&str, &str)]) -> Result<Option<Application>, ConfigError> {
        Application::from_settings(&Settings::new(move |name| {
            let found = given.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }))
    }

    #[test]
    fn all_settings_or_none() {
        assert!(read(&[]).unwrap().is_none());
        let error = read(&[("TENCENT_SDK_APP_ID", "1400000000")]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("TENCENT_SECRET_KEY is not set")
        );
    }

    #[test]
    fn an_odd_account_and_an_odd_application_are_shown() {
        let odd = read(&[
            ("TENCENT_SDK_APP_ID", "1400000000"),
            ("TENCENT_SECRET_KEY", "k"),
            ("TENCENT_ADMIN", "administrator"),
            ("TENCENT_SERVICE_ACCOUNT", "@desk,an account"),
        ]);
        let error = odd.unwrap_err().to_string();
        assert!(error.contains("\"an account\" is no account"), "{error}");
        for id in ["0", "x", "-1"] {
            let settings = Settings::new(move |_| Some(id.to_owned()));
            let error = Application::from_settings(&settings).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("TENCENT_SDK_APP_ID is malformed")
            );
        }
    }

    #[test]
    fn the_first_account_is_used_and_all_are_the_desks() {
        let application = read(&[
            ("TENCENT_SDK_APP_ID", "1400000000"),
            ("TENCENT_SECRET_KEY", "k"),
            ("TENCENT_ADMIN", "administrator, second"),
            ("TENCENT_SERVICE_ACCOUNT", "@desk"),
        ]);
        let admins = application.unwrap().unwrap().admins;
        assert_eq!(admins.first, "administrator");
        assert_eq!(
            admins.iter().collect::<Vec<_>>(),
            ["administrator", "second"]
        );
    }
}
