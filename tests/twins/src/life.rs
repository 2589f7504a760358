//! How long a twin runs, and what waits in the meantime.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::server;

/// A twin runs until it is stopped; calls may hang until they are released. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    stop: watch::Sender<bool>,
    released: watch::Sender<u64>,
    hanging: watch::Sender<usize>,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Life {
    pub(crate) fn new() -> Self {
        Self {
            stop: watch::Sender::new(false),
            released: watch::Sender::new(0),
            hanging: watch::Sender::new(0),
            server: Arc::default(),
        }
    }

    /// Serves until stopped.
    pub(crate) fn serve(&self, router: Router, listener: TcpListener) {
        let life = self.clone();
        let server = tokio::spawn(async move { server::run(router, listener, &life).await });
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    /// Stops, cuts every connection and frees the port.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let server = self
            .server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(server) = server {
            let _ = server.await;
        }
    }

    /// Returns when the twin is stopped.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stopped| *stopped).await;
    }

    /// Returns when calls that hang are released.
    pub(crate) async fn hang(&self) {
        let mut released = self.released.subscribe();
        self.hanging.send_modify(|count| *count += 1);
        let _ = released.changed().await;
        self.hanging.send_modify(|count| *count -= 1);
    }

    /// Lets every call that hangs go on.
    pub(crate) fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    /// How many calls hang now.
    pub(crate) fn hanging(&self) -> usize {
        *self.hanging.borrow()
    }

    /// Works on a call in a task of its own: a server goes on with a call whose client has left,
    /// and a client that gave up too early has to live with the effect.
    pub(crate) async fn detached(
        &self,
        work: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        let life = self.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                response = work => response,
                () = life.stopped() => server::cut(),
            }
        });
        task.await.unwrap_or_else(|_| server::cut())
    }
}

/// Waits until `condition` holds, looking every few milliseconds; false after `limit`.
pub(crate) async fn holds_within(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !condition() {
        if Instant::now() >= end {
            return false;
        }
        sleep(Duration::from_millis(5)).await;
    }
    true
}
