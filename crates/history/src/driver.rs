//! Which index a list is walked along, and what is left to look at.

use avtomatika_protocol::ClientId;

use crate::backend::Sql;
use crate::batch::int;
use crate::list::Span;
use crate::query::ListQuery;
use crate::statuses;

/// What leads through the jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// The index over status and time, of one client and blueprint or of all.
    Status {
        client: Option<String>,
        blueprint: Option<String>,
        statuses: Vec<&'static str>,
    },
    /// The index over a client's labels.
    Label {
        client: String,
        key: String,
        value: String,
    },
}

impl Default for Driver {
    /// Past all jobs.
    fn default() -> Self {
        Self::Status {
            client: None,
            blueprint: None,
            statuses: statuses::of(&[]),
        }
    }
}

impl Driver {
    /// Those that fit, at least one. Each covers some of the filters; which of them leads past the
    /// fewest jobs is for the database to say.
    pub(crate) fn candidates(query: &ListQuery) -> Vec<Self> {
        let client = query.client.as_ref().map(ClientId::to_string);
        let mut fitting = Vec::new();
        // Labels are indexed by client only, and lead past fewer jobs than the client alone.
        if let Some(client) = &client {
            fitting.extend(query.labels.iter().map(|(key, value)| Self::Label {
                client: client.clone(),
                key: key.clone(),
                value: value.clone(),
            }));
        }
        if fitting.is_empty() || !query.statuses.is_empty() || query.blueprint.is_some() {
            fitting.push(Self::Status {
                // So are blueprints.
                blueprint: client.as_ref().and(query.blueprint.clone()),
                client,
                statuses: statuses::of(&query.statuses),
            });
        }
        fitting
    }

    /// `SELECT created_at_ms, id …` over a span, newest first. The parts come out of their indexes in
    /// that order, and the databases merge them as they go: none is read further than asked.
    pub(crate) fn keys(&self, sql: &mut Sql, rest: &Rest<'_>, span: Span) {
        sql.push("SELECT created_at_ms, id FROM (");
        match self {
            Self::Status {
                client,
                blueprint,
                statuses,
            } => {
                for (n, status) in statuses.iter().enumerate() {
                    if n > 0 {
                        sql.push(" UNION ALL ");
                    }
                    sql.push("SELECT * FROM (SELECT f.created_at_ms, f.id FROM jobs f WHERE ");
                    if let Some(client) = client {
                        sql.push("f.client = ").text(client.as_str()).push(" AND ");
                    }
                    if let Some(blueprint) = blueprint {
                        sql.push("f.blueprint = ");
                        sql.text(blueprint.as_str()).push(" AND ");
                    }
                    // One of ours, so it may stand in the text.
                    sql.push("f.status = '").push(status).push("'");
                    within(sql, "f", "id", span);
                    rest.push(sql);
                    sql.push(" ORDER BY f.created_at_ms DESC, f.id DESC");
                    sql.push(&format!(") AS s{n}"));
                }
            }
            Self::Label { client, key, value } => {
                sql.push("SELECT d.created_at_ms, d.job_id AS id FROM job_labels d");
                if !rest.is_empty() {
                    sql.push(" JOIN jobs f ON f.id = d.job_id");
                }
                sql.push(" WHERE d.client = ").text(client.as_str());
                sql.push(" AND d.key = ").text(key.as_str());
                sql.push(" AND d.value = ").text(value.as_str());
                within(sql, "d", "job_id", span);
                rest.push(sql);
            }
        }
        sql.push(") AS k ORDER BY created_at_ms DESC, id DESC");
    }
}

fn within(sql: &mut Sql, table: &str, id: &str, span: Span) {
    sql.push(&format!(" AND ({table}.created_at_ms, {table}.{id}) < ("));
    sql.int(span.before.created_at_ms).push(", ");
    sql.id(span.before.id);
    sql.push(&format!(") AND ({table}.created_at_ms, {table}.{id}) >= ("));
    sql.int(span.down_to.created_at_ms).push(", ");
    sql.id(span.down_to.id).push(")");
}

/// The filters the driver does not cover.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest<'q> {
    statuses: Vec<&'static str>,
    blueprint: Option<&'q str>,
    state: Option<&'q str>,
    labels: Vec<(&'q str, &'q str)>,
    updated_from_ms: Option<u64>,
    updated_to_ms: Option<u64>,
}

impl<'q> Rest<'q> {
    pub(crate) fn of(query: &'q ListQuery, driver: &Driver) -> Self {
        let mut rest = Self {
            statuses: if query.statuses.is_empty() {
                Vec::new()
            } else {
                statuses::of(&query.statuses)
            },
            blueprint: query.blueprint.as_deref(),
            state: query.state.as_deref(),
            labels: query
                .labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            updated_from_ms: query.updated_from_ms,
            updated_to_ms: query.updated_to_ms,
        };
        match driver {
            Driver::Status { blueprint, .. } => {
                rest.statuses.clear();
                if blueprint.is_some() {
                    rest.blueprint = None;
                }
            }
            Driver::Label { key, value, .. } => {
                rest.labels.retain(|(k, v)| k != key || v != value);
            }
        }
        rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.statuses.is_empty()
            && self.blueprint.is_none()
            && self.state.is_none()
            && self.labels.is_empty()
            && self.updated_from_ms.is_none()
            && self.updated_to_ms.is_none()
    }

    /// `AND …` on the jobs row `f`.
    fn push(&self, sql: &mut Sql) {
        if !self.statuses.is_empty() {
            let list = self.statuses.join("', '");
            sql.push(&format!(" AND f.status IN ('{list}')"));
        }
        if let Some(blueprint) = self.blueprint {
            sql.push(" AND f.blueprint = ").text(blueprint);
        }
        if let Some(state) = self.state {
            sql.push(" AND f.state = ").text(state);
        }
        for (key, value) in &self.labels {
            sql.push(" AND EXISTS (SELECT 1 FROM job_labels x WHERE x.job_id = f.id AND x.key = ");
            sql.text(*key)
                .push(" AND x.value = ")
                .text(*value)
                .push(")");
        }
        if let Some(from_ms) = self.updated_from_ms {
            sql.push(" AND f.updated_at_ms >= ").int(int(from_ms));
        }
        if let Some(to_ms) = self.updated_to_ms {
            sql.push(" AND f.updated_at_ms < ").int(int(to_ms));
        }
    }
}
