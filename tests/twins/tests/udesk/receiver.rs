//! The receive URL: keeps what is pushed and answers as told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use serde_json::Value;

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    got: Vec<Value>,
    under_way: usize,
    most_under_way: usize,
    delay: Duration,
    body: &'static str,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/secret", listener.local_addr().unwrap()),
            inner: Arc::default(),
        };
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.inner.lock().unwrap().delay = delay;
    }

    pub(crate) fn answer(&self, body: &'static str) {
        self.inner.lock().unwrap().body = body;
    }

    pub(crate) fn got(&self) -> Vec<Value> {
        self.inner.lock().unwrap().got.clone()
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.inner.lock().unwrap().most_under_way
    }

    /// The types of the messages of each push.
    pub(crate) fn types(&self) -> Vec<Vec<String>> {
        let types = |push: &Value| {
            let messages = push["messages"].as_array().cloned().unwrap_or_default();
            messages
                .iter()
                .map(|one| one["type"].as_str().unwrap().to_owned())
                .collect()
        };
        self.got().iter().map(types).collect()
    }

    /// The contents of all messages, in order.
    pub(crate) fn contents(&self) -> Vec<String> {
        let got = self.got();
        got.iter()
            .flat_map(|push| push["messages"].as_array().cloned().unwrap_or_default())
            .map(|one| one["data"]["content"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn receive(State(receiver): State<Receiver>, body: String) -> &'static str {
    let (delay, answer) = {
        let mut inner = receiver.inner.lock().unwrap();
        inner
            .got
            .push(serde_json::from_str(&body).unwrap_or(Value::String(body)));
        inner.under_way += 1;
        inner.most_under_way = inner.most_under_way.max(inner.under_way);
        (inner.delay, inner.body)
    };
    tokio::time::sleep(delay).await;
    receiver.inner.lock().unwrap().under_way -= 1;
    answer
}
