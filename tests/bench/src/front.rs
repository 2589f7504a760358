//! TLS before what speaks plain HTTP on this machine, with a certificate authority of the run, and a
//! count of the calls that go through.

use std::collections::BTreeMap;
use std::io::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use crate::Problem;

/// The run's own authority, which vouches for `localhost`.
pub(crate) struct Authority {
    tls: Arc<ServerConfig>,
}

impl Authority {
    /// A new one. `file` takes its certificate, for `EXTRA_CA_FILE`.
    pub(crate) fn new(file: &Path) -> Result<Authority, Problem> {
        let problem = |error: rcgen::Error| format!("a certificate: {error}");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = "deskbridge, one run of the floor";
        authority.distinguished_name.push(DnType::CommonName, name);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(problem)?;
        let authority = CertifiedIssuer::self_signed(authority, key).map_err(problem)?;
        std::fs::write(file, authority.pem())
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let key = KeyPair::generate().map_err(problem)?;
        let server = CertificateParams::new(vec!["localhost".to_owned()]).map_err(problem)?;
        let server = server.signed_by(&key, &authority).map_err(problem)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|error| format!("a key: {error}"))?;
        // A chain of two, as most servers send.
        let chain = vec![server.der().clone(), authority.der().clone()];
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|tls| tls.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| format!("TLS: {error}"))?;
        Ok(Authority { tls: Arc::new(tls) })
    }
}

/// How many calls went through, by what they are: the AWS operation, or the name of the front.
pub(crate) type Calls = BTreeMap<String, f64>;

/// A TLS front on a port of its own, which nobody listens at until it is opened. Dropped, it ends.
pub(crate) struct Front {
    url: String,
    calls: Arc<Mutex<Calls>>,
    asked: watch::Sender<bool>,
    is_open: Arc<AtomicBool>,
    _task: JoinSet<()>,
}

impl Front {
    /// Before the server at `url`.
    pub(crate) fn before(
        authority: &Authority,
        name: &'static str,
        url: &str,
    ) -> Result<Front, Problem> {
        let problem = |error: Error| format!("the front of {name}: {error}");
        let upstream = url.strip_prefix("http://").unwrap_or(url);
        let upstream = upstream.split('/').next().unwrap_or(upstream).to_owned();
        let socket = bound(0).map_err(problem)?;
        let port = socket.local_addr().map_err(problem)?.port();
        let calls = Arc::<Mutex<Calls>>::default();
        let connection = Connection {
            acceptor: TlsAcceptor::from(Arc::clone(&authority.tls)),
            upstream,
            name,
            calls: Arc::clone(&calls),
        };
        let (asked, asks) = watch::channel(false);
        let is_open = Arc::<AtomicBool>::default();
        let mut task = JoinSet::new();
        task.spawn(serve(socket, port, connection, asks, Arc::clone(&is_open)));
        Ok(Front {
            url: format!("https://localhost:{port}"),
            calls,
            asked,
            is_open,
            _task: task,
        })
    }

    /// Listens, or stops listening and cuts what is connected. Has happened when this returns.
    pub(crate) fn open(&self, open: bool) {
        self.asked.send_replace(open);
        let until = Instant::now() + Duration::from_secs(5);
        while self.is_open.load(Ordering::Acquire) != open && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// `https://localhost:<port>`.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Calls {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A port that is taken, and at which nobody listens: who connects is refused.
fn bound(port: u16) -> Result<TcpSocket, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    Ok(socket)
}

async fn serve(
    mut socket: TcpSocket,
    port: u16,
    connection: Connection,
    mut asks: watch::Receiver<bool>,
    is_open: Arc<AtomicBool>,
) {
    while asks.wait_for(|open| *open).await.is_ok() {
        let Ok(listener) = socket.listen(1024) else {
            return;
        };
        is_open.store(true, Ordering::Release);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                asked = asks.wait_for(|open| !*open) => match asked {
                    Ok(_) => break,
                    Err(_) => return,
                },
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    let connection = connection.clone();
                    connections.spawn(async move {
                        // An end is an end, whoever made it.
                        let _ = connection.carry(stream).await;
                    });
                }
            }
        }
        connections.shutdown().await;
        drop(listener);
        let Ok(again) = bound(port) else {
            return;
        };
        socket = again;
        is_open.store(false, Ordering::Release);
    }
}

#[derive(Clone)]
struct Connection {
    acceptor: TlsAcceptor,
    upstream: String,
    name: &'static str,
    calls: Arc<Mutex<Calls>>,
}

impl Connection {
    async fn carry(self, stream: TcpStream) -> Result<(), Error> {
        stream.set_nodelay(true)?;
        let mut client = self.acceptor.accept(stream).await?;
        let mut server = TcpStream::connect(&self.upstream).await?;
        server.set_nodelay(true)?;
        let (mut asked, mut answered) = (vec![0; 32 * 1024], vec![0; 32 * 1024]);
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let Some(bytes @ [_, ..]) = asked.get(..read?) else { return Ok(()) };
                    self.count(bytes);
                    server.write_all(bytes).await?;
                }
                read = server.read(&mut answered) => {
                    let Some(bytes @ [_, ..]) = answered.get(..read?) else { return Ok(()) };
                    client.write_all(bytes).await?;
                    client.flush().await?;
                }
            }
        }
    }

    /// A head comes in one write: what begins a request is at the beginning of what was read.
    fn count(&self, bytes: &[u8]) {
        let end = bytes.windows(4).position(|end| end == b"\r\n\r\n");
        let Some(head) = end.and_then(|end| bytes.get(..end)) else {
            return;
        };
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        // A HEAD only opens the connection.
        if !lines
            .next()
            .is_some_and(|first| first.ends_with("HTTP/1.1") && !first.starts_with("HEAD"))
        {
            return;
        }
        let target = lines.find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("x-amz-target")
                .then(|| value.rsplit('.').next())?
        });
        let call = target.unwrap_or(self.name).to_owned();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(call).or_default() += 1.0;
    }
}
