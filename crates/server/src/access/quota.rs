//! How many jobs a client may start in a calendar month. The store counts them, in the commit
//! that makes the job.

use avtomatika_engine::storage::Spend;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::Account;
use crate::http::ApiError;

/// Jobs a month, in answers to new jobs.
const LIMIT: HeaderName = HeaderName::from_static("x-quota-limit");
/// Jobs left this month.
const REMAINING: HeaderName = HeaderName::from_static("x-quota-remaining");

/// A client's quota in one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Jobs the client may start.
    pub(crate) limit: u64,
    /// What they are counted under.
    pub(crate) counter: String,
    /// When the next month begins, milliseconds since the Unix epoch.
    pub(crate) ends_at_ms: u64,
}

impl Quota {
    /// The quota of the month (UTC) that `now_ms` is in, if the client has one.
    pub(crate) fn of(account: &Account, now_ms: u64) -> Option<Self> {
        let limit = account.monthly_attempts?;
        let at = Timestamp::from_millisecond(i64::try_from(now_ms).ok()?).ok()?;
        let today = at.to_zoned(TimeZone::UTC).date();
        let next = today.first_of_month().checked_add(1.month()).ok()?;
        let next = next.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Self {
            limit,
            counter: format!(
                "quota/{}/{:04}-{:02}",
                account.client.id,
                today.year(),
                today.month()
            ),
            ends_at_ms: u64::try_from(next.as_millisecond()).ok()?,
        })
    }

    /// What a new job costs.
    pub(crate) fn spend(&self) -> Spend {
        Spend {
            counter: self.counter.clone(),
            limit: self.limit,
        }
    }

    /// How many jobs are left after `used`.
    pub(crate) fn remaining(&self, used: u64) -> u64 {
        self.limit.saturating_sub(used)
    }

    /// Tells in an answer what is left.
    pub(crate) fn tell(&self, headers: &mut HeaderMap, used: u64) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining(used)));
    }

    /// The refusal of a job too many; its message is the first generation's.
    pub(crate) fn exceeded(&self, now_ms: u64) -> ApiError {
        let wait_s = self
            .ends_at_ms
            .saturating_sub(now_ms)
            .div_ceil(1_000)
            .max(1);
        let hint = format!(
            "{} jobs a month (UTC) are allowed; it begins anew in {}; GET /api/me tells what is left",
            self.limit,
            in_words(wait_s)
        );
        ApiError::new(
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            "MONTHLY_QUOTA",
            "Quota exceeded or not configured",
        )
        .hint(&hint)
        .retry_after_s(u32::try_from(wait_s).unwrap_or(u32::MAX))
        .header(LIMIT, HeaderValue::from(self.limit))
        .header(REMAINING, HeaderValue::from(0))
    }
}

/// A time span, coarsely.
fn in_words(seconds: u64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::ClientConfig;

    fn at(text: &str) -> u64 {
        let at: Timestamp = text.parse().unwrap();
        u64::try_from(at.as_millisecond()).unwrap()
    }

    #[test]
    fn months_are_those_of_utc() {
        let config = ClientConfig::new("shop", "123456:TEST-TOKEN").monthly_attempts(5);
        let account = Account::new(config, None);
        for (now, month, end) in [
            ("2026-11-21T16:00:00Z", "2026-11", "2026-12-01T00:00:00Z"),
            (
                "2026-12-31T23:59:59.999Z",
                "2026-12",
                "2027-01-01T00:00:00Z",
            ),
            ("2027-01-01T00:00:00Z", "2027-01", "2027-02-01T00:00:00Z"),
            ("2028-02-29T12:00:00Z", "2028-02", "2028-03-01T00:00:00Z"),
        ] {
            let quota = Quota::of(&account, at(now)).unwrap();
            assert_eq!(quota.counter, format!("quota/shop/{month}"));
            assert_eq!(quota.ends_at_ms, at(end), "{now}");
        }
        let unlimited = Account::new(ClientConfig::new("c", "123456:TEST-TOKEN"), None);
        assert_eq!(Quota::of(&unlimited, at("2026-11-21T16:00:00Z")), None);
    }

    #[test]
    fn what_is_left_is_never_negative() {
        let quota = Quota {
            limit: 3,
            counter: String::new(),
            ends_at_ms: 0,
        };
        assert_eq!((quota.remaining(2), quota.remaining(7)), (1, 0));
    }
}
