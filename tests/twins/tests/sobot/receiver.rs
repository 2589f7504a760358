//! A push URL: keeps what is pushed and answers as told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Value>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/secret", listener.local_addr().unwrap()),
            got: Arc::default(),
            status: Arc::new(Mutex::new(200)),
        };
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn answer(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    pub(crate) fn got(&self) -> Vec<Value> {
        self.got.lock().unwrap().clone()
    }
}

async fn receive(State(receiver): State<Receiver>, body: String) -> StatusCode {
    let value = serde_json::from_str(&body).unwrap_or(Value::String(body));
    receiver.got.lock().unwrap().push(value);
    StatusCode::from_u16(*receiver.status.lock().unwrap()).unwrap()
}
