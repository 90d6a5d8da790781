//! The worker as a whole.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::builder::WorkerBuilder;
use crate::client::Client;
use crate::error::Error;
use crate::session::{Session, Shared};

/// A worker, ready to go to work. See the [crate's documentation](crate) for how to build one.
pub struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clients: Vec<Client>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("worker_id", &self.shared.settings.worker_id)
            .finish()
    }
}

impl Worker {
    /// Starts building a worker: where the server is, and the worker's name. The name is a label
    /// for people; a second worker of the same name replaces the first.
    pub fn builder(server: impl Into<String>, worker_id: impl Into<String>) -> WorkerBuilder {
        WorkerBuilder::new(server.into(), worker_id.into())
    }

    /// Registers, polls, runs tasks and reports them until `shutdown` is cancelled; then drains:
    /// takes no more tasks, lets running ones finish for the drain timeout, stops the rest (they
    /// are reported as worth another try elsewhere) and takes leave of the server.
    ///
    /// A server that is away or forgets the worker is waited for and registered at again. Dropping
    /// the future stops everything at once; the server notices when the leases run out.
    ///
    /// # Errors
    /// [`Error::RegistrationRefused`] if a server refuses the first registration.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let draining = self.shared.draining.clone();
        let mut sessions = JoinSet::new();
        for client in self.clients {
            let (session, told) = Session::new(Arc::clone(&self.shared), client);
            sessions.spawn(session.run(told));
        }
        let mut outcome = Ok(());
        loop {
            tokio::select! {
                () = shutdown.cancelled(), if !draining.is_cancelled() => draining.cancel(),
                ended = sessions.join_next() => match ended {
                    None => return outcome,
                    Some(Ok(Ok(()))) => {}
                    Some(Ok(Err(error))) => {
                        // Working for half of the servers would hide the mistake.
                        draining.cancel();
                        outcome = Err(error);
                    }
                    Some(Err(panic)) => {
                        draining.cancel();
                        if let Ok(panic) = panic.try_into_panic() {
                            std::panic::resume_unwind(panic);
                        }
                    }
                },
            }
        }
    }
}
