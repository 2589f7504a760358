//! A call of Tencent's interface as a value: what is asked, and how the answer reads.
//!
//! Vendor page: <https://www.tencentcloud.com/document/product/1047/34620>

use http::HeaderMap;

use super::{Account, Refusal, Unsendable};

/// What can be asked of Tencent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The desk says something to a user.
    SendMsg,
    /// Where a session stands.
    GetSessionState,
    /// End a session.
    EndSession,
    /// A robot hands a user on to a person.
    TransferToHuman,
    /// What was said in a session.
    DescribeChatMessages,
    /// A user says something to the desk.
    UserSendMsg,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SendMsg,
        Self::GetSessionState,
        Self::EndSession,
        Self::TransferToHuman,
        Self::DescribeChatMessages,
        Self::UserSendMsg,
    ];

    /// Service and command, what stands behind `/v4/`.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::SendMsg => "desk_http_svc/send_msg",
            Self::GetSessionState => "desk_http_svc/get_session_state",
            Self::EndSession => "desk_http_svc/end_session",
            Self::TransferToHuman => "desk_http_svc/transfer_to_human",
            Self::DescribeChatMessages => "desk_http_svc/describe_chat_messages",
            Self::UserSendMsg => "openim/sendmsg",
        }
    }

    /// Method and path: what the rate budget counts by, and what is logged.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SendMsg => "POST /v4/desk_http_svc/send_msg",
            Self::GetSessionState => "POST /v4/desk_http_svc/get_session_state",
            Self::EndSession => "POST /v4/desk_http_svc/end_session",
            Self::TransferToHuman => "POST /v4/desk_http_svc/transfer_to_human",
            Self::DescribeChatMessages => "POST /v4/desk_http_svc/describe_chat_messages",
            Self::UserSendMsg => "POST /v4/openim/sendmsg",
        }
    }
}

/// A request of one endpoint. Implemented by the `Request` of each endpoint's file.
pub trait Endpoint {
    /// Which endpoint.
    const API: Api;

    /// What Tencent grants.
    type Response;

    /// The request.
    ///
    /// # Errors
    /// [`Unsendable`] where no request can be made of it: sending it again won't help.
    fn to_http(&self, account: &Account<'_>) -> Result<http::Request<Vec<u8>>, Unsendable>;

    /// Reads Tencent's answer.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to do about it.
    fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Self::Response, Refusal>;
}

#[cfg(test)]
mod tests {
    use super::Api;

    #[test]
    fn names_and_commands_are_of_the_same_path() {
        for api in Api::ALL {
            assert_eq!(api.name(), format!("POST /v4/{}", api.command()));
        }
    }
}
