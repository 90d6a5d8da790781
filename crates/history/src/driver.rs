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

impl Driver {
    /// The one that always fits.
    pub(crate) fn first(query: &ListQuery) -> Self {
        let client = query.client.as_ref().map(ClientId::to_string);
        Self::Status {
            // Blueprints are indexed by client only.
            blueprint: client.as_ref().and(query.blueprint.clone()),
            client,
            statuses: statuses::of(&query.statuses),
        }
    }

    /// Others that fit.
    pub(crate) fn others(query: &ListQuery) -> impl Iterator<Item = Self> {
        let client = query.client.as_ref().map(ClientId::to_string);
        let labels = client.into_iter().flat_map(|client| {
            query
                .labels
                .iter()
                .map(move |label| (client.clone(), label))
        });
        labels.map(|(client, (key, value))| Self::Label {
            client,
            key: key.clone(),
            value: value.clone(),
        })
    }

    /// `SELECT created_at_ms, id …` over a span, newest first within each of its parts, `limit` a
    /// part at the most.
    pub(crate) fn keys(&self, sql: &mut Sql, rest: &Rest<'_>, span: Span, limit: i64) {
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
                    end(sql, "f", "id", limit);
                    sql.push(&format!(") AS s{n}"));
                }
            }
            Self::Label { client, key, value } => {
                sql.push("SELECT * FROM (SELECT d.created_at_ms, d.job_id AS id FROM job_labels d");
                if !rest.is_empty() {
                    sql.push(" JOIN jobs f ON f.id = d.job_id");
                }
                sql.push(" WHERE d.client = ").text(client.as_str());
                sql.push(" AND d.key = ").text(key.as_str());
                sql.push(" AND d.value = ").text(value.as_str());
                within(sql, "d", "job_id", span);
                rest.push(sql);
                end(sql, "d", "job_id", limit);
                sql.push(") AS s0");
            }
        }
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

fn end(sql: &mut Sql, table: &str, id: &str, limit: i64) {
    sql.push(&format!(
        " ORDER BY {table}.created_at_ms DESC, {table}.{id} DESC LIMIT "
    ));
    sql.int(limit);
}

/// The filters the driver does not cover.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest<'q> {
    statuses: Vec<&'static str>,
    blueprint: Option<&'q str>,
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
