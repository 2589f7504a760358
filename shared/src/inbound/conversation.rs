//! What every vendor's pushes do to a conversation.

use crate::{
    change::Change,
    clock::Millis,
    event::Fact,
    html,
    message::{Author, File, Format, Kind, Message},
    session::{Agent, State},
    table::Sighting,
};

/// Something that was said at the desk.
#[derive(Debug)]
pub(super) struct Saying {
    /// Who said it.
    pub(super) from: Author,
    /// What it is.
    pub(super) kind: Kind,
    /// As it came; text may hold HTML.
    pub(super) content: String,
    /// The file that it points to.
    pub(super) file: Option<File>,
    /// The person who said it.
    pub(super) agent: Option<Agent>,
    /// The vendor's custom data.
    pub(super) custom: Option<String>,
    /// What it is known by at the vendor's.
    pub(super) vendor_id: String,
    /// When it was said, where the vendor tells.
    pub(super) said_at: Option<Millis>,
    /// The vendor's session that it came in.
    pub(super) vendor_session: Option<String>,
}

impl Saying {
    /// Records it as the conversation's next message and tells the app.
    pub(super) fn receive(self, change: &mut Change) {
        let is_html = matches!(self.kind, Kind::Text | Kind::Rich);
        let message = Message {
            format: if is_html { Format::Html } else { Format::Text },
            text: is_html.then(|| html::plain_text(&self.content)),
            file: self.file.filter(|file| !file.is_empty()),
            agent: self.agent,
            custom: self.custom,
            vendor_id: Some(self.vendor_id),
            said_at: self.said_at,
            late: change.is_late(),
            vendor_session: self.vendor_session,
            ..Message::new(
                change.next_message(),
                self.from,
                self.kind,
                self.content,
                change.now(),
            )
        };
        let occurred_at = self.said_at.unwrap_or(change.now());
        change.tell(&Fact::MessageReceived(message.view()), occurred_at);
        change.put_message(message);
    }
}

/// Takes over the vendor's identifier where it is news. What comes under an identifier that nobody
/// knows belongs to the customer's open session, and the conversation goes on there: its transfer may
/// arrive later, or never. What comes late from a vendor's session that is known does not lead the
/// conversation back there.
pub(super) fn follow(change: &mut Change, id: &str, sighting: &Sighting) {
    if !change.session.is_open() {
        return;
    }
    let is_news = !sighting.by_vendor_session.contains_key(id);
    if is_news || change.session.vendor_session.is_none() {
        change.bind(id);
    }
}

/// An agent has the conversation: the customer waits no longer, and the app is told where they did.
pub(super) fn start(change: &mut Change, agent: Option<Agent>, occurred_at: Millis) {
    if matches!(change.session.state, State::Active | State::Closed) {
        return;
    }
    serve(change, agent);
    change.tell(&Fact::SessionStarted, occurred_at);
}

/// This agent has the conversation from now on.
pub(super) fn serve(change: &mut Change, agent: Option<Agent>) {
    let was_robots = matches!(change.session.state, State::Robot | State::Urobot);
    change.session.state = State::Active;
    change.session.queue = None;
    // A robot is not the agent, even where nobody says who is.
    if agent.is_some() || was_robots {
        change.session.assignee = agent;
    }
}
