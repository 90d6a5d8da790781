//! A road to the database that can be closed.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) struct Proxy {
    pub(crate) addr: SocketAddr,
    target: SocketAddr,
    open: CancellationToken,
}

impl Proxy {
    /// A closed road.
    pub(crate) async fn new(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        Self {
            addr,
            target,
            open: CancellationToken::new(),
        }
    }

    /// Opens it.
    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.addr).await.unwrap();
        self.open = CancellationToken::new();
        let (open, target) = (self.open.clone(), self.target);
        tokio::spawn(open.run_until_cancelled_owned(async move {
            // Dropped with this task, and all connections with it.
            let mut connections = JoinSet::new();
            loop {
                let (mut here, _) = listener.accept().await.unwrap();
                connections.spawn(async move {
                    let mut there = TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                });
            }
        }));
    }

    /// Closes it: connections break, new ones are refused.
    pub(crate) fn close(&self) {
        self.open.cancel();
    }
}
