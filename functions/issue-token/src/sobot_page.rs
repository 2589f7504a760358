//! Sobot's token, with which a customer opens Sobot's page, and the link to it.

use deskbridge::{
    auth::Caller,
    clock::{self, Millis},
    error::Error,
    ids::CustomerId,
    sobot_page::{self, LIFE, SobotPage, Wish},
    vendor::sobot::{Channel, link},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    customer: Option<CustomerId>,
    expires_in: Option<i64>,
    channel: Option<Channel>,
    channel_flag: Option<u32>,
    // As the caller wrote it: it is signed and sent as text.
    customized_fields: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
    expires_at: String,
    link: String,
}

pub(crate) async fn issue(
    sobot: &SobotPage,
    caller: &Caller,
    ask: Ask,
    now: Millis,
) -> Result<Token, Error> {
    let customer = caller.customer(ask.customer)?;
    let life = LIFE.of(ask.expires_in, caller)?;
    let customized_fields = sobot_page::fields(caller, ask.customized_fields.as_deref())?;
    let channel = ask.channel.unwrap_or_default();
    let ends = now / 1_000 + life;
    let wish = Wish {
        customer: &customer,
        ends,
        channel,
        channel_flag: ask.channel_flag,
        customized_fields,
    };
    let token = sobot.token(wish).await?;
    Ok(Token {
        link: link::page(&sobot.account(), channel, &token),
        token,
        expires_at: clock::rfc3339(ends * 1_000),
    })
}
