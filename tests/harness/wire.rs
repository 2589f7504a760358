//! An HTTP/1.1 server on this machine that can also do what servers do when they fail: drop a
//! connection in the middle, and refuse new ones.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use crate::BOUND;

/// A whole answer.
pub type Reply = Response<Full<Bytes>>;

/// What a handler returns in place of an answer: the connection is dropped without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut")
    }
}

impl std::error::Error for Cut {}

/// A running server. Dropping it ends it, with every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>,
    task: AbortHandle,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Refuse,
    Accept,
    CutConnections,
}

impl Server {
    /// Starts on 127.0.0.1, on a port that is free. The handler gets requests whole; its future is
    /// dropped when the client goes away.
    pub async fn start<H, F>(handler: H) -> Self
    where
        H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Cut>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (orders, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(run(address, listener, received, Arc::new(handler)));
        Self {
            address,
            orders,
            task: task.abort_handle(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and cuts every connection; on return, connecting is refused. The port
    /// stays ours and is opened again by [`Refusal::clear`], and not by dropping the handle.
    pub async fn refuse(&self) -> Refusal {
        order(&self.orders, Order::Refuse).await;
        Refusal {
            orders: self.orders.clone(),
        }
    }

    /// Cuts every connection there is; new ones are taken.
    pub async fn cut_connections(&self) {
        order(&self.orders, Order::CutConnections).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that refuses connections, until [`Refusal::clear`].
#[derive(Debug)]
pub struct Refusal {
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>,
}

impl Refusal {
    /// Opens the same port again; on return, connecting works.
    pub async fn clear(self) {
        order(&self.orders, Order::Accept).await;
    }
}

async fn order(orders: &mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>, order: Order) {
    let (done, is_done) = oneshot::channel();
    orders.send((order, done)).expect("the server runs");
    tokio::time::timeout(BOUND, is_done)
        .await
        .unwrap_or_else(|_| panic!("waited {BOUND:?} for the server to do {order:?}"))
        .expect("the server runs");
}

/// The port: listening, or only bound, which makes the system refuse connections to it while
/// nobody else gets it.
enum Port {
    Open(TcpListener),
    Closed(TcpSocket),
}

async fn run<H, F>(
    address: SocketAddr,
    listener: TcpListener,
    mut orders: mpsc::UnboundedReceiver<(Order, oneshot::Sender<()>)>,
    handler: Arc<H>,
) where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Cut>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut port = Port::Open(listener);
    loop {
        tokio::select! {
            received = orders.recv() => {
                let Some((order, done)) = received else { return };
                port = match (order, port) {
                    (Order::Refuse, Port::Open(listener)) => {
                        drop(listener);
                        Port::Closed(bind(address).await)
                    }
                    (Order::Accept, Port::Closed(socket)) => {
                        Port::Open(socket.listen(1024).unwrap())
                    }
                    (_, port) => port,
                };
                if !matches!(order, Order::Accept) {
                    connections.shutdown().await;
                }
                // The test may have given up waiting.
                let _ = done.send(());
            }
            stream = accept(&port) => {
                connections.spawn(serve(stream, Arc::clone(&handler)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn bind(address: SocketAddr) -> TcpSocket {
    // Between closing the listener and this an unlucky outgoing connection of another test may
    // have been given the port: it ends soon.
    for _ in 0..200 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        if socket.bind(address).is_ok() {
            return socket;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{address} was taken by somebody else while it was closed");
}

async fn accept(port: &Port) -> TcpStream {
    let Port::Open(listener) = port else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Such as too many open files: others may close some.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve<H, F>(stream: TcpStream, handler: Arc<H>)
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Cut>> + Send + 'static,
{
    // Small messages both ways: without this some wait 40 ms.
    stream.set_nodelay(true).unwrap();
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
            handler(Request::from_parts(head, body)).await
        }
    });
    // An error here is a connection that was cut, by either side: the test sees it from there.
    let _: Result<_, _> = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An answer of this status, content type and body.
pub(crate) fn reply(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    Response::builder()
        .status(status)
        .header(http::header::CONTENT_TYPE, content_type)
        .body(Full::new(body.into()))
        .unwrap()
}
