//! What a list of jobs was asked for.

use std::str::FromStr;

use avtomatika_history::ListQuery;
use avtomatika_protocol::{ClientId, JobStatus};
use axum::http::StatusCode;
use jiff::Timestamp;

use super::LIMIT_MAX;
use crate::access::{Account, Role};
use crate::http::ApiError;

/// Jobs of a page, if nobody says.
const LIMIT: u32 = 100;
/// Jobs an offset may pass over in the history: beyond that a cursor is the way.
const OFFSET_MAX: u32 = 10_000;
/// Values of one filter.
const VALUES_MAX: usize = 32;

/// The parameters as they came. Unknown ones are ignored, as everywhere.
#[derive(Debug, Default)]
pub(super) struct Asked {
    limit: Option<String>,
    offset: Option<String>,
    cursor: Option<String>,
    client: Option<String>,
    statuses: Vec<String>,
    blueprint: Option<String>,
    state: Option<String>,
    labels: Vec<String>,
    created_after: Option<String>,
    created_before: Option<String>,
    updated_after: Option<String>,
    updated_before: Option<String>,
}

impl Asked {
    /// Reads a query.
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let mut asked = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let once = match &*key {
                "limit" => &mut asked.limit,
                "offset" => &mut asked.offset,
                "cursor" => &mut asked.cursor,
                "client" => &mut asked.client,
                "blueprint" => &mut asked.blueprint,
                "state" => &mut asked.state,
                "created_after" => &mut asked.created_after,
                "created_before" => &mut asked.created_before,
                "updated_after" => &mut asked.updated_after,
                "updated_before" => &mut asked.updated_before,
                "status" => {
                    let names = value.split(',').map(|name| name.trim().to_owned());
                    asked.statuses.extend(names);
                    continue;
                }
                "label" => {
                    asked.labels.push(value);
                    continue;
                }
                _ => continue,
            };
            if once.replace(value).is_some() {
                return Err(ApiError::bad_request(
                    "INVALID_QUERY",
                    format!("'{key}' is there twice"),
                )
                .hint("each parameter at most once, but for status and label"));
            }
        }
        if asked.statuses.len() > VALUES_MAX || asked.labels.len() > VALUES_MAX {
            return Err(invalid("too many values", "32 of a kind at the most"));
        }
        Ok(asked)
    }

    /// Whether only the history can answer it.
    pub(super) fn is_of_history(&self) -> bool {
        let texts = [
            &self.cursor,
            &self.client,
            &self.blueprint,
            &self.state,
            &self.created_after,
            &self.created_before,
            &self.updated_after,
            &self.updated_before,
        ];
        texts.iter().any(|text| text.is_some())
            || !self.statuses.is_empty()
            || !self.labels.is_empty()
    }

    /// Limit and offset as the first generation takes them.
    pub(super) fn of_live(&self) -> Result<(usize, usize), ApiError> {
        let limit = number(self.limit.as_deref())?.unwrap_or(LIMIT as usize);
        let offset = number(self.offset.as_deref())?.unwrap_or(0);
        Ok((limit.min(LIMIT_MAX as usize), offset))
    }

    /// Jobs to pass over in the history.
    pub(super) fn offset(&self) -> Result<u32, ApiError> {
        let offset = number(self.offset.as_deref())?.unwrap_or(0);
        if offset > 0 && self.cursor.is_some() {
            return Err(invalid(
                "an offset and a cursor exclude each other",
                "leave the offset out: the cursor says where to go on",
            ));
        }
        u32::try_from(offset)
            .ok()
            .filter(|offset| *offset <= OFFSET_MAX)
            .ok_or_else(|| {
                invalid(
                    "the offset is above 10000",
                    "follow the Link header, it leads as far as you like",
                )
            })
    }

    /// The list as the history is asked for it.
    pub(super) fn of_history(&self, account: &Account) -> Result<ListQuery, ApiError> {
        let mut statuses = Vec::new();
        for name in &self.statuses {
            statuses.push(status(name)?);
        }
        let mut labels = Vec::new();
        for label in &self.labels {
            let (key, value) = label.split_once(':').ok_or_else(|| {
                invalid(
                    &format!("the label '{label}' has no value"),
                    "write it as label=key:value",
                )
            })?;
            labels.push((key.to_owned(), value.to_owned()));
        }
        Ok(ListQuery {
            client: self.client(account)?,
            statuses,
            blueprint: self.blueprint.clone(),
            state: self.state.clone(),
            labels,
            created_from_ms: time("created_after", self.created_after.as_deref())?,
            created_to_ms: time("created_before", self.created_before.as_deref())?,
            updated_from_ms: time("updated_after", self.updated_after.as_deref())?,
            updated_to_ms: time("updated_before", self.updated_before.as_deref())?,
            cursor: self.cursor.clone(),
            limit: self.page_limit()?,
        })
    }

    /// Whose jobs: the caller's; for those who may, somebody else's, or everybody's with `*`.
    fn client(&self, account: &Account) -> Result<Option<ClientId>, ApiError> {
        let own = &account.client.id;
        match self.client.as_deref() {
            None => Ok(Some(own.clone())),
            Some(name) if name == own.as_str() => Ok(Some(own.clone())),
            Some(_) if !account.roles.contains(&Role::Admin) => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "FORBIDDEN",
                "only a client with the role 'admin' may list jobs of others",
            )
            .hint("leave `client` out to list your own")),
            Some("*") => Ok(None),
            Some(name) => Ok(Some(name.into())),
        }
    }

    fn page_limit(&self) -> Result<u32, ApiError> {
        let limit = number(self.limit.as_deref())?.unwrap_or(LIMIT as usize);
        u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| {
                ApiError::bad_request("INVALID_PAGE", "Invalid limit/offset parameter")
                    .hint("the limit is a whole number from 1 to 1000")
            })
    }
}

/// A refusal of a filter.
fn invalid(message: &str, hint: &str) -> ApiError {
    ApiError::bad_request("INVALID_FILTER", message).hint(hint)
}

fn number(text: Option<&str>) -> Result<Option<usize>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        ApiError::bad_request("INVALID_PAGE", "Invalid limit/offset parameter")
            .hint("both are whole numbers from 0")
    })
}

fn status(name: &str) -> Result<JobStatus, ApiError> {
    JobStatus::from_name(name).ok_or_else(|| {
        let all = JobStatus::ALL.map(JobStatus::as_str).join(", ");
        invalid(
            &format!("'{name}' is no status of a job: those are {all}"),
            "several are written with commas, or each with a status= of its own",
        )
    })
}

/// A time: milliseconds since the Unix epoch, or RFC 3339.
fn time(key: &str, text: Option<&str>) -> Result<Option<u64>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(ms) = u64::from_str(text) {
        return Ok(Some(ms));
    }
    // A plus that nobody escaped has become a blank.
    let read = Timestamp::from_str(text).or_else(|_| Timestamp::from_str(&text.replace(' ', "+")));
    read.ok()
        .and_then(|at| u64::try_from(at.as_millisecond()).ok())
        .map(Some)
        .ok_or_else(|| {
            invalid(
                &format!("{key}: '{text}' is not a time"),
                "write 2026-11-21T16:00:00Z, or milliseconds since the Unix epoch",
            )
        })
}
