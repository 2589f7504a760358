//! Udesk: its IM interface as values. Nothing here opens a connection.
//!
//! An endpoint's file holds a `Request` that implements [`Endpoint`]: it becomes an [`http::Request`] (`to_http`), and
//! `read` makes a `Response` or a [`Refusal`] of status, headers and bytes. What Udesk calls us with is read by [`push::Push::read`].
//!
//! | file | Udesk's part |
//! |---|---|
//! | [`create_customer`] | `POST /customers` |
//! | [`create_session`] | `POST /im/sessions` |
//! | [`send_message`] | `POST /im/messages` |
//! | [`close_session`] | `DELETE /im/sessions/:session_id` |
//! | [`close_queue`] | `DELETE /im/sessions/close_queue` |
//! | [`message_preview`] | `PUT /im/sessions/:session_id/message_preview` |
//! | [`read_messages`], [`customer_online_state`] | `POST /im/messages/read_messages`, `POST /im/customer_online_state` |
//! | [`get_customer`] | `GET /customers/get_customer` |
//! | [`unread_customer_offline`] | `GET /im/messages/unread_customer_offline` |
//! | [`queue_status`], [`customer_status`] | `GET /im/queue_status`, `GET /im/customer_status` |
//! | [`destroy_session`] | `DELETE /im/sessions/destroy_session` |
//! | [`sensitive_words`], [`agent_unread`], [`agent_status`], [`urobots`], [`abandoned_queues`] | `GET /im/im_sensitive_words`, `/im/messages/agent_unread_messages`, `/im/agent_status`, `/im/urobots`, `/im/im_queues` |
//! | [`robot_evaluation`] | the evaluation of a robot's answer, whose path is unknown |
//! | [`robot_survey`] | `POST /im/sessions/robot_survey` |
//! | [`survey`] | `POST /im/sessions/survey` |
//! | [`answer_survey`] | `POST /im/messages/answer_survey` |
//! | [`flow`] | `POST /im/messages/flow` |
//! | [`hit`] | `POST /im/messages/hit` |
//! | [`transfer_survey`] | `POST /im/sessions/transfer_survey` |
//! | [`struct_message`], [`card`] | `POST /im/sessions/struct_messages` |
//! | [`struct_link`], [`struct_sign`] | the link of the list of cards, and the signature of both |
//! | [`push`], [`push_agent`], [`push_robot`], [`push_urobot`], [`push_read`] | the one receive URL: replies and read status |
//! | [`event`] | the event URL: what happened at the desk, by its action |
//! | [`event_session_close`], [`im_log`] | `ImSubSession_close` and its transcript |
//! | [`event_shut_queue`] | `ShutQueue_create` |
//! | [`event_survey_vote`] | `ImSurveyVote_create` |
//! | [`robot_answer`] | what either robot says, in a push or as its welcome |
//! | [`flow_content`] | the buttons in what a robot's flow shows |
//! | [`survey_options`] | the object inside a new session and a close event |
//! | [`account`], [`sign`] | address, query and signature of every call |
//! | [`endpoint`], [`code`], [`reply`] | codes, and what a refusal means for the next attempt |
//! | [`id`], [`date`], [`agent`], [`customer`] | values that Udesk writes in more than one way |
//!
//! Vendor page: <https://www.udeskglobal.com/doc/apiv2/im>

pub mod abandoned_queues;
pub mod account;
pub mod agent;
pub mod agent_status;
pub mod agent_unread;
pub mod answer_survey;
pub mod card;
pub mod close_queue;
pub mod close_session;
pub mod code;
pub mod create_customer;
pub mod create_session;
pub mod customer;
pub mod customer_online_state;
pub mod customer_status;
pub mod date;
pub mod destroy_session;
pub mod endpoint;
pub mod event;
pub mod event_session_close;
pub mod event_shut_queue;
pub mod event_survey_vote;
pub mod flow;
pub mod flow_content;
pub mod get_customer;
pub mod hit;
pub mod id;
pub mod im_log;
pub mod message_preview;
pub mod push;
pub mod push_agent;
pub mod push_read;
pub mod push_robot;
pub mod push_urobot;
pub mod queue_status;
pub mod read_messages;
pub mod reply;
pub mod robot_answer;
pub mod robot_evaluation;
pub mod robot_survey;
pub mod send_message;
pub mod sensitive_words;
pub mod sign;
pub mod struct_link;
pub mod struct_message;
pub mod struct_sign;
pub mod survey;
pub mod survey_options;
pub mod transfer_survey;
pub mod unread_customer_offline;
pub mod urobots;

use super::text;
pub use account::{Account, Stamp, Unsendable};
pub use agent::Agent;
pub use code::Code;
pub use endpoint::Endpoint;
pub use id::{Id, UrobotMessage, UrobotSession};
pub use push::Push;
pub use reply::{Api, Refusal};

pub use crate::fate::Fate;
