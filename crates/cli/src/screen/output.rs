//! The two outputs of a run: data on one, everything else on the other, no secrets on either.

use std::io::{ErrorKind, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::redact::Redactor;
use super::theme::Frame;
use crate::error::Error;

/// A handle on both outputs, cheap to clone.
#[derive(Clone)]
pub struct Output {
    inner: Arc<Mutex<Inner>>,
    /// How data is drawn.
    pub data_frame: Frame,
    /// How everything else is drawn.
    pub note_frame: Frame,
}

struct Inner {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    redactor: Redactor,
}

impl Output {
    /// Outputs over two writers.
    pub fn new(
        stdout: Box<dyn Write + Send>,
        stderr: Box<dyn Write + Send>,
        data_frame: Frame,
        note_frame: Frame,
    ) -> Self {
        let inner = Inner {
            stdout,
            stderr,
            redactor: Redactor::default(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            data_frame,
            note_frame,
        }
    }

    /// Learns a secret that must not be printed from now on.
    pub fn learn_secret(&self, secret: &str) {
        self.lock().redactor.learn(secret);
    }

    /// What a text looks like without secrets.
    pub fn redacted(&self, text: &str) -> String {
        self.lock().redactor.hide(text)
    }

    /// Writes data.
    ///
    /// # Errors
    /// [`Error::BrokenPipe`] once nobody reads, [`Error::Output`] for a full disk and the like.
    pub fn data(&self, text: &str) -> Result<(), Error> {
        let mut inner = self.lock();
        let text = inner.redactor.hide(text);
        let written = inner
            .stdout
            .write_all(text.as_bytes())
            .and_then(|()| inner.stdout.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Error::BrokenPipe,
            _ => Error::Output(error),
        })
    }

    /// Writes what isn't data. Where nobody listens it is lost, which harms nothing.
    pub fn note(&self, text: &str) {
        let mut inner = self.lock();
        let text = inner.redactor.hide(text);
        let _ = inner
            .stderr
            .write_all(text.as_bytes())
            .and_then(|()| inner.stderr.flush());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A writer that panicked leaves the other output intact.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
