//! SIGTERM and Ctrl-C as a token; a second one ends the process at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first signal. The second one exits with 130.
pub(crate) fn shutdown() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let asked = token.clone();
    // Lives as long as the process.
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first {
                tracing::info!("stopping; once more to leave at once");
                asked.cancel();
            } else {
                leave();
            }
        }
    });
    Ok(token)
}

#[expect(clippy::exit, reason = "the second signal means now")]
fn leave() -> ! {
    std::process::exit(130)
}
