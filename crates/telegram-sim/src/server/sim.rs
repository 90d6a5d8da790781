//! Binds a port and runs until told to stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{accept::accept, router::router};
use crate::{error::Error, options::SimOptions, state::World};

/// How long connections may finish what they are at when the server stops.
const DRAIN: Duration = Duration::from_secs(5);

/// A simulator that holds its port. It serves as soon as [`Sim::run`] is polled; connections made
/// before wait.
#[derive(Debug)]
pub struct Sim {
    listener: TcpListener,
    local_addr: SocketAddr,
    world: Arc<World>,
}

impl Sim {
    /// Takes the port.
    ///
    /// # Errors
    ///
    /// When the address cannot be had, or a token of the options is malformed.
    pub async fn bind(options: SimOptions) -> Result<Self, Error> {
        let address = options.listen;
        let refused = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let local_addr = listener.local_addr().map_err(refused)?;
        let world = Arc::new(World::new(options)?);
        Ok(Self {
            listener,
            local_addr,
            world,
        })
    }

    /// The address, with the port that was really taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The base URL for bots and for [`crate::SimClient`], without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// Serves until `shutdown`. Waiting polls then get the public server's answer to a restart,
    /// other calls a few seconds to finish.
    pub async fn run(self, shutdown: CancellationToken) {
        tracing::info!(address = %self.local_addr, "telegram-sim listens");
        accept(
            &self.listener,
            router(Arc::clone(&self.world)),
            &self.world,
            &shutdown,
        )
        .await;
        drop(self.listener);
        self.world.shutdown.cancel();
        self.world.tasks.close();
        if timeout(DRAIN, self.world.tasks.wait()).await.is_err() {
            tracing::warn!("telegram-sim stops with connections still open");
        }
    }
}
