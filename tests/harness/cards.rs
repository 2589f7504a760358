//! The list of cards, as an agent's browser calls it.

use deskbridge_twins::udesk::sign_struct_message;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::{
    contract::Contract,
    world::{Answer, STRUCT_MESSAGE_KEY, World},
};

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The HTML.
    pub html: String,
}

impl Page {
    /// The page, if it has this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A header's text, empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a text"))
    }

    /// The token in it.
    pub fn token(&self) -> &str {
        self.between("<meta name=\"token\" content=\"", "\"")
    }

    /// The names of the cards in it.
    pub fn cards(&self) -> Vec<&str> {
        let each = self.html.split("data-card=\"").skip(1);
        each.map(|rest| rest.split('"').next().expect("an end"))
            .collect()
    }

    /// What stands after the one text and before the next other.
    pub fn between(&self, from: &str, to: &str) -> &str {
        let (_, rest) = self.html.split_once(from).expect("its beginning");
        rest.split_once(to).expect("its end").0
    }
}

/// A link's query with these values, signed by Udesk's key.
pub fn signed(im_sub_session_id: i64, customer_id: i64, agent_id: i64, timestamp: i64) -> String {
    let query = format!(
        "im_sub_session_id={im_sub_session_id}&customer_id={customer_id}&agent_id={agent_id}&timestamp={timestamp}"
    );
    let sign = sign_struct_message(&query, STRUCT_MESSAGE_KEY);
    format!("{query}&sign={sign}")
}

impl World {
    /// Opens the list of cards with this query.
    pub async fn open_cards(&self, query: &str) -> Page {
        self.open_cards_in(None, query).await
    }

    /// The same, in a browser that wants these languages.
    pub async fn open_cards_in(&self, languages: Option<&str>, query: &str) -> Page {
        let url = format!("{}/?{query}", self.bundle.function_url("card-page"));
        let mut request = self.http().get(url);
        if let Some(languages) = languages {
            request = request.header("accept-language", languages);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let html = response.text().await.expect("a text");
        let answer = Answer {
            status,
            body: serde_json::from_str(&html).unwrap_or(Value::Null),
            text: html.clone(),
        };
        self.taken_down("showCards", &answer);
        Page {
            status,
            headers,
            html,
        }
    }

    /// Opens the list that Udesk's console shows for a guest of the twin's.
    pub async fn cards_for(&self, customer_id: i64) -> Page {
        let link = self.twin.card_link(customer_id).expect("a link");
        let (_, query) = link.split_once('?').expect("a query");
        self.open_cards(query).await.expect(200)
    }

    /// Posts as the page does.
    pub async fn post_card(&self, token: &str, body: impl Into<reqwest::Body>) -> Answer {
        let url = format!("{}/", self.bundle.function_url("card-page"));
        let request = self.http().post(url).bearer_auth(token).body(body);
        let request = request.header("content-type", "application/json");
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a text");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, body, text };
        self.taken_down("sendListedCard", &answer);
        answer
    }

    /// Picks a card of a page and sends it.
    pub async fn pick(&self, page: &Page, card: &str) -> Answer {
        let body = json!({"card": card}).to_string();
        self.post_card(page.token(), body).await
    }

    fn taken_down(&self, operation: &str, answer: &Answer) {
        let mut operations = Contract::read().of("card-page");
        let operation = operations.find(|one| one.id == operation);
        self.take_down(operation.expect("an operation"), answer);
    }
}
