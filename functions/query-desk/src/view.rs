//! What the vendor told, as the API shows it.

use deskbridge::{
    clock::rfc3339,
    vendor::udesk::{
        Id, abandoned_queues, agent_status, agent_unread, customer, sensitive_words, urobots,
    },
};
use jiff::Timestamp;
use serde::Serialize;

fn shown(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| rfc3339(at.as_millisecond()))
}

fn text(id: Id) -> String {
    id.to_string()
}

/// Who is there.
#[derive(Serialize)]
pub(crate) struct Agents<'a> {
    agents: Vec<Agent<'a>>,
}

#[derive(Serialize)]
struct Agent<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// What customers see.
    #[serde(skip_serializing_if = "Option::is_none")]
    nick: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<&'a str>,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serving: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u64>,
}

impl<'a> Agents<'a> {
    pub(crate) fn of(found: &'a agent_status::Response) -> Self {
        Self {
            agents: found.agents.iter().map(Agent::of).collect(),
        }
    }
}

impl<'a> Agent<'a> {
    fn of(agent: &'a agent_status::Agent) -> Self {
        let status = agent.status.as_str();
        // What Udesk says of the others "has no significant meaning", by its page.
        let is_there = matches!(status, "online" | "busy");
        let name = agent.name.as_deref();
        Self {
            id: text(agent.id),
            name,
            nick: agent.nick.as_deref().or(name),
            avatar: agent.avatar.as_deref(),
            status,
            custom_status: agent.custom_status.as_deref().filter(|_| status == "busy"),
            serving: agent.serving.filter(|_| is_there),
            capacity: agent.capacity.filter(|_| is_there),
        }
    }
}

/// What agents have yet to read.
#[derive(Serialize)]
pub(crate) struct AllUnread {
    agents: Vec<Unread>,
}

#[derive(Serialize)]
struct Unread {
    id: String,
    unread_messages: u64,
    left_messages: u64,
}

impl AllUnread {
    pub(crate) fn of(found: &agent_unread::Response) -> Self {
        let agents = found.agents.iter().map(|unread| Unread {
            id: text(unread.agent),
            unread_messages: unread.messages,
            left_messages: unread.left,
        });
        Self {
            agents: agents.collect(),
        }
    }
}

/// The desk's own robots.
#[derive(Serialize)]
pub(crate) struct Robots<'a> {
    robots: Vec<Robot<'a>>,
}

#[derive(Serialize)]
struct Robot<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<&'a str>,
    scenes: Vec<Scene<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
}

#[derive(Serialize)]
struct Scene<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> Robots<'a> {
    pub(crate) fn of(found: &'a urobots::Response) -> Self {
        let scene = |scene: &'a urobots::Scene| Scene {
            id: text(scene.id),
            name: scene.name.as_deref(),
        };
        let robots = found.robots.iter().map(|robot| Robot {
            id: text(robot.id),
            name: robot.name.as_deref(),
            avatar: robot.logo.as_deref(),
            scenes: robot.scenes.iter().map(scene).collect(),
            created_at: shown(robot.created_at),
        });
        Self {
            robots: robots.collect(),
        }
    }
}

/// Who left the queue.
#[derive(Serialize)]
pub(crate) struct AllAbandoned<'a> {
    abandoned: Vec<Abandoned<'a>>,
    /// Where to go on; absent where this was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Abandoned<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    customer: Customer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menu: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
}

#[derive(Default, Serialize)]
struct Customer<'a> {
    /// Ours, where it is one of the app's.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
}

impl<'a> AllAbandoned<'a> {
    /// The page with the number `page`.
    pub(crate) fn of(found: &'a abandoned_queues::Response, page: u32) -> Self {
        let is_full = usize::try_from(abandoned_queues::LARGEST_PAGE)
            .is_ok_and(|most| found.abandoned.len() >= most);
        // Where Udesk does not say how many pages there are, a full one may not be the last.
        let has_more = found.pages.map_or(is_full, |pages| page < pages);
        Self {
            abandoned: found.abandoned.iter().map(Abandoned::of).collect(),
            next: has_more.then(|| page.saturating_add(1).to_string()),
        }
    }
}

impl<'a> Abandoned<'a> {
    fn of(one: &'a abandoned_queues::Abandoned) -> Self {
        let known = one.customer.as_ref();
        let named = known.map(Customer::of).unwrap_or_default();
        Self {
            id: one.id.map(text),
            customer: Customer {
                vendor_id: one.customer_id.map(text).or(named.vendor_id),
                ..named
            },
            channel: one.channel.as_deref(),
            queue: one.queue.as_deref(),
            menu: one.menu.as_deref(),
            since: shown(one.since),
            seconds: one.seconds,
        }
    }
}

impl<'a> Customer<'a> {
    fn of(customer: &'a customer::Customer) -> Self {
        Self {
            id: customer.customer_token.as_deref(),
            vendor_id: customer.id.map(text),
            name: customer.name.as_deref(),
            email: customer.email.as_deref(),
            phone: customer.phone.as_deref(),
        }
    }
}

/// The words that the desk minds.
#[derive(Serialize)]
pub(crate) struct Words<'a> {
    enabled: bool,
    words: &'a [String],
}

impl<'a> Words<'a> {
    pub(crate) fn of(found: &'a sensitive_words::Response) -> Self {
        Self {
            enabled: found.enabled,
            words: &found.words,
        }
    }
}
