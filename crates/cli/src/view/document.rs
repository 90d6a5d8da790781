//! The outer shape of every JSON document.

use avtomatika_protocol::JobId;
use serde::Serialize;

use super::Report;

/// A command that ended well.
#[derive(Debug, Serialize)]
pub struct Document<'a, View> {
    /// Always true.
    pub ok: bool,
    /// The command.
    pub command: &'static str,
    /// The job it made, if it made one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// What it found out.
    #[serde(flatten)]
    pub view: &'a View,
}

impl<'a, View> Document<'a, View> {
    /// The document of a command.
    pub fn new(command: &'static str, job_id: Option<JobId>, view: &'a View) -> Self {
        Self {
            ok: true,
            command,
            job_id,
            view,
        }
    }
}

/// A command that did not end well.
#[derive(Debug, Serialize)]
pub struct Refusal<'a> {
    /// Always false.
    pub ok: bool,
    /// The command, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<&'a str>,
    /// What went wrong.
    pub error: &'a Report,
}
