//! `GET /desk/…`: what a server asks of the whole desk: its agents, what they have yet to read, its robots, who left the
//! queue, the words that it minds. Asked of the vendor each time, within its rate budget.

mod view;

use deskbridge::{
    answer::{self, Answers},
    auth::ServerGuard,
    budget::Class,
    clock::Millis,
    config::{ConfigError, Settings},
    desk::{AskError, Desk},
    error::{Error, Kind},
    http::Client,
    inbound, lambda,
    table::Table,
    vendor::udesk::{
        Id, abandoned_queues, agent_status, agent_unread, date, sensitive_words, urobots,
    },
};
use jiff::tz::Offset;
use lambda_http::{Body, Request, Response};

/// What it may answer.
pub const ANSWERS: Answers = Answers {
    successes: &[200, 202],
    errors: &[
        Kind::InvalidRequest,
        Kind::Unauthorized,
        Kind::RoleNotAllowed,
        Kind::VendorRefused,
        Kind::VendorNotConfigured,
        Kind::VendorUnavailable,
        Kind::Internal,
    ],
};

/// What the function needs. Made once at init.
#[derive(Debug)]
pub struct App {
    guard: ServerGuard,
    desk: Desk,
    offset: Offset,
    warm_url: String,
    http: Client,
}

/// Why there is nothing to show.
enum Unanswered {
    /// Udesk's limit is used up until then.
    Until(Millis),
    Failed(Error),
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<AskError> for Unanswered {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Wait { retry_at, .. } => Self::Until(retry_at),
            other => Self::Failed(other.into()),
        }
    }
}

impl App {
    /// The function as the settings want it.
    ///
    /// # Errors
    /// Where a setting is missing or malformed.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let http = Client::from_settings(settings)?;
        // For the rate budget alone.
        let table = Table::for_reading(settings, &http)?;
        Ok(Self {
            guard: ServerGuard::from_settings(settings)?,
            desk: Desk::of_udesk(settings, &http, &table)?,
            offset: inbound::udesk::offset(settings)?,
            warm_url: table.warm_url(),
            http,
        })
    }

    /// Opens connections ahead of need.
    pub async fn warm(&self) {
        let mut urls = self.desk.warm_urls();
        urls.push(&self.warm_url);
        self.http.warm(&urls).await;
    }

    /// Answers one request.
    ///
    /// # Errors
    /// Those of [`ANSWERS`].
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        self.guard.check(request.headers())?;
        // A domain of one's own may put something before the route.
        let asked = request.uri().path().rsplit_once("/desk/");
        let answered = match asked.map(|(_, what)| what) {
            Some("agents") => self.agents(&request).await,
            Some("agents/unread") => self.unread(&request).await,
            Some("robots") => self.robots().await,
            Some("abandoned-queues") => self.abandoned(&request).await,
            Some("sensitive-words") => self.sensitive_words().await,
            _ => Err(Error::new(Kind::Internal, "no route leads here").into()),
        };
        answered.or_else(|unanswered| match unanswered {
            Unanswered::Until(at) => answer::not_now(at),
            Unanswered::Failed(error) => Err(error),
        })
    }

    async fn agents(&self, request: &Request) -> Result<Response<Body>, Unanswered> {
        let group = match lambda::query_parameter(request, "group") {
            Some(given) => Some(id("group", &given)?),
            None => None,
        };
        let ask = agent_status::Request { group };
        let found = self.desk.udesk()?.ask(&ask, Class::Read).await?;
        Ok(answer::json(200, &view::Agents::of(&found))?)
    }

    async fn unread(&self, request: &Request) -> Result<Response<Body>, Unanswered> {
        let given = lambda::query_parameters(request, "agent");
        let mut agents = Vec::new();
        for given in given.iter().flat_map(|list| list.split(',')) {
            let agent = id("agent", given.trim())?;
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
        if agents.is_empty() {
            let message = "say of which agents: agent=3, again and again or with commas between";
            return Err(Error::field("agent", message).into());
        }
        let most = agent_unread::MOST_AGENTS;
        if agents.len() > most {
            let message = format!("at most {most} agents at once; ask for the others apart");
            return Err(Error::field("agent", message).into());
        }
        let ask = agent_unread::Request { agents: &agents };
        let found = self.desk.udesk()?.ask(&ask, Class::Read).await?;
        Ok(answer::json(200, &view::AllUnread::of(&found))?)
    }

    async fn robots(&self) -> Result<Response<Body>, Unanswered> {
        let udesk = self.desk.udesk()?;
        let found = udesk.ask(&urobots::Request, Class::Read).await?;
        Ok(answer::json(200, &view::Robots::of(&found))?)
    }

    async fn abandoned(&self, request: &Request) -> Result<Response<Body>, Unanswered> {
        let (from, to) = lambda::stretch(request)?;
        let page = match lambda::query_parameter(request, "after") {
            Some(cursor) => page_after(&cursor)?,
            None => 1,
        };
        let [start_time, end_time] = [from, to].map(|at| date::write(at, self.offset));
        let ask = abandoned_queues::Request {
            start_time: &start_time,
            end_time: &end_time,
            page: Some(page),
            per_page: Some(abandoned_queues::LARGEST_PAGE),
        };
        let found = self.desk.udesk()?.ask(&ask, Class::Read).await?;
        Ok(answer::json(200, &view::AllAbandoned::of(&found, page))?)
    }

    async fn sensitive_words(&self) -> Result<Response<Body>, Unanswered> {
        let udesk = self.desk.udesk()?;
        let found = udesk.ask(&sensitive_words::Request, Class::Read).await?;
        Ok(answer::json(200, &view::Words::of(&found))?)
    }
}

fn id(field: &str, given: &str) -> Result<Id, Error> {
    let id = given.parse().map(Id);
    id.map_err(|_| Error::field(field, "an id of the desk's is a whole number"))
}

/// The page that a cursor leads to: never the first.
fn page_after(cursor: &str) -> Result<u32, Error> {
    let page = cursor.parse().ok().filter(|page| *page > 1);
    page.ok_or_else(|| Error::field("after", "not a cursor; use `next` of an earlier answer"))
}
