//! What a session's log of sends holds: everything that must go to the vendor, in order.

use serde::{Deserialize, Serialize};

use crate::{
    budget::Class,
    clock::Millis,
    correlation::Correlation,
    ids::MessageId,
    profile::Profile,
    session::{Assign, Robot},
};

/// One entry of the log of sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// What is to be done.
    pub task: Task,
    /// When it was appended.
    pub created_at: Millis,
    /// What ties it to what brought it about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
    /// When it was given up, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_at: Option<Millis>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_because: Option<String>,
    /// When the first of its attempts that may have arrived began, if it was given up after one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maybe_since: Option<Millis>,
}

/// What is to be done at the vendor. The name says the version of its form, since a new deployment
/// may find what an old one wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task")]
pub enum Task {
    /// Tell the vendor who the customer is.
    #[serde(rename = "register_v1")]
    Register {
        /// Who.
        profile: Profile,
    },
    /// Ask for somebody to talk to.
    #[serde(rename = "open_v1")]
    Open {
        /// Whom the customer asked for.
        assign: Assign,
        /// Who the customer is, where the vendor is told so in the same breath.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        profile: Option<Profile>,
    },
    /// Pass on a message of the customer's.
    #[serde(rename = "message_v1")]
    Message {
        /// Which one.
        id: MessageId,
    },
    /// End the conversation, or leave the queue.
    #[serde(rename = "close_v1")]
    Close,
    /// Tell that the customer has read what the desk wrote.
    #[serde(rename = "read_v1")]
    Read {
        /// The vendor's session that it was written in.
        vendor_session: String,
        /// The vendor's own identifiers of it.
        messages: Vec<String>,
        /// The message of the conversation up to which all is read then, where all is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        through: Option<MessageId>,
        /// Whether the vendor wants to be told in the query.
        #[serde(default)]
        in_query: bool,
    },
    /// Pass on how the customer rates the conversation with an agent.
    #[serde(rename = "rate_session_v1")]
    RateSession {
        /// The vendor's session that was rated: a transfer in between changes nothing.
        vendor_session: String,
        /// The option's id.
        option: String,
        /// What the customer adds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
        /// Whether the problem was solved, by the value of the survey's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolved: Option<u32>,
        /// The desk's own words for what was good or bad.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<String>,
    },
    /// Pass on how the customer rates the vendor's own robot.
    #[serde(rename = "rate_robot_v1")]
    RateRobot {
        /// Which robot.
        robot: Robot,
        /// The option's id.
        option: String,
        /// What the customer adds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// Pass on whether a robot's answer helped.
    #[serde(rename = "rate_answer_v1")]
    RateAnswer {
        /// The vendor's identifier of the answer.
        vendor_id: String,
        /// The vendor's identifier of the question, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        /// The vendor's own robot, where the customer met it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        robot: Option<Robot>,
        /// The vendor's path for ratings of another maker's answers, which the account alone knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Whether it helped.
        useful: bool,
    },
    /// Take a step in a flow of the vendor's own robot.
    #[serde(rename = "take_step_v1")]
    TakeStep {
        /// Which robot.
        robot: Robot,
        /// The vendor's identifier of the step.
        flow: String,
    },
    /// Pass on a click on what a robot proposed.
    #[serde(rename = "count_click_v1")]
    CountClick {
        /// Which robot.
        robot: Robot,
        /// The vendor's identifier of the message that proposed it.
        vendor_id: String,
        /// The vendor's identifier of the question.
        question_id: String,
        /// The question.
        question: String,
        /// Whether it is one of those that are often asked.
        frequent: bool,
    },
    /// Have a person take the customer from the robot.
    #[serde(rename = "hand_on_v1")]
    HandOn {
        /// This agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// An agent of this group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<i64>,
    },
    /// Pass on that the customer went on from the robot to an agent.
    #[serde(rename = "count_transfer_v1")]
    CountTransfer {
        /// Which robot.
        robot: Robot,
    },
}

impl Task {
    /// What its call takes from the vendor's rate budget.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Register { .. }
            | Self::Open { .. }
            | Self::Message { .. }
            | Self::Close
            | Self::TakeStep { .. }
            | Self::HandOn { .. } => Class::Message,
            Self::RateSession { .. }
            | Self::RateRobot { .. }
            | Self::RateAnswer { .. }
            | Self::CountClick { .. }
            | Self::CountTransfer { .. } => Class::Survey,
            Self::Read { .. } => Class::Read,
        }
    }

    /// Whether it lets those behind it go first where it has to wait.
    #[must_use]
    pub fn steps_aside(&self) -> bool {
        match self {
            Self::Register { .. }
            | Self::Open { .. }
            | Self::Message { .. }
            | Self::Close
            | Self::TakeStep { .. }
            | Self::HandOn { .. } => false,
            Self::RateSession { .. }
            | Self::RateRobot { .. }
            | Self::RateAnswer { .. }
            | Self::CountClick { .. }
            | Self::CountTransfer { .. }
            | Self::Read { .. } => true,
        }
    }

    /// Whether it goes out after the session has ended, too.
    #[must_use]
    pub fn outlives(&self) -> bool {
        match self {
            Self::Register { .. }
            | Self::Open { .. }
            | Self::Message { .. }
            | Self::Close
            | Self::TakeStep { .. }
            | Self::HandOn { .. } => false,
            Self::RateSession { .. }
            | Self::RateRobot { .. }
            | Self::RateAnswer { .. }
            | Self::CountClick { .. }
            | Self::CountTransfer { .. }
            | Self::Read { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Two deployments work on one table for a while.
    #[test]
    fn what_an_older_deployment_wrote_is_read() {
        let open = r#"{"task":"open_v1","assign":{"to":"agent","agent_id":397}}"#;
        let Task::Open { assign, profile } = serde_json::from_str(open).unwrap() else {
            unreachable!("it opens")
        };
        assert_eq!(assign.agent_id, Some(397.into()));
        assert_eq!(profile, None);
        let rate = r#"{"task":"rate_session_v1","vendor_session":"11","option":"36"}"#;
        let Task::RateSession { tags, .. } = serde_json::from_str(rate).unwrap() else {
            unreachable!("it rates")
        };
        assert!(tags.is_empty());
    }
}
