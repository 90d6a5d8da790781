//! Where a page ends, as an opaque token.
//!
//! A token names the last row of the page, not a number of rows, so a page costs the same wherever
//! it lies, and rows that come in front of it move nothing. It carries a digest of the list it
//! belongs to: with other filters it is refused instead of answering nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use uuid::Uuid;

use crate::error::{Error, Result};

/// The form of the token, and whose it is.
const JOBS: u8 = 1;
const EVENTS: u8 = 2;

/// A digest of the list a token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListDigest([u8; 8]);

impl ListDigest {
    /// The digest of parts; their lengths count, so no two lists of parts look alike.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let mut digest = [0; 8];
        hasher.finalize_xof().fill(&mut digest);
        Self(digest)
    }
}

/// A job's place in a list: newest first, the greater id first among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JobKey {
    pub(crate) created_at_ms: i64,
    pub(crate) id: Uuid,
}

/// An event's place in its job's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventKey {
    pub(crate) version: i64,
    pub(crate) n: i64,
}

impl JobKey {
    pub(crate) fn token(self, list: ListDigest) -> String {
        write(JOBS, list, self.created_at_ms, self.id.as_bytes())
    }

    pub(crate) fn read(token: &str, list: ListDigest) -> Result<Self> {
        let (created_at_ms, id) = read(JOBS, list, token)?;
        Ok(Self {
            created_at_ms,
            id: Uuid::from_bytes(id),
        })
    }
}

impl EventKey {
    pub(crate) fn token(self, list: ListDigest) -> String {
        write(EVENTS, list, self.version, &self.n.to_be_bytes())
    }

    pub(crate) fn read(token: &str, list: ListDigest) -> Result<Self> {
        let (version, n) = read(EVENTS, list, token)?;
        Ok(Self {
            version,
            n: i64::from_be_bytes(n),
        })
    }
}

fn write(kind: u8, list: ListDigest, number: i64, rest: &[u8]) -> String {
    let mut bytes = vec![kind];
    bytes.extend(list.0);
    bytes.extend(number.to_be_bytes());
    bytes.extend(rest);
    BASE64.encode(bytes)
}

fn read<const N: usize>(kind: u8, list: ListDigest, token: &str) -> Result<(i64, [u8; N])> {
    let bytes = BASE64.decode(token).map_err(|_| Error::InvalidCursor)?;
    let (head, rest) = bytes.split_at_checked(17).ok_or(Error::InvalidCursor)?;
    let (tag, number) = head.split_at(9);
    let rest = <[u8; N]>::try_from(rest).map_err(|_| Error::InvalidCursor)?;
    let number = <[u8; 8]>::try_from(number).map_err(|_| Error::InvalidCursor)?;
    if tag.first() != Some(&kind) || tag.get(1..) != Some(&list.0[..]) {
        return Err(Error::InvalidCursor);
    }
    Ok((i64::from_be_bytes(number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str) -> ListDigest {
        ListDigest::of([name.as_bytes()])
    }

    #[test]
    fn a_token_is_read_back_for_its_own_list_only() {
        let key = JobKey {
            created_at_ms: 1_700_000_000_000,
            id: Uuid::from_u128(7),
        };
        let token = key.token(list("a"));
        assert_eq!(JobKey::read(&token, list("a")).unwrap(), key);
        assert!(JobKey::read(&token, list("b")).is_err());
        assert!(EventKey::read(&token, list("a")).is_err());
        let event = EventKey { version: 3, n: 1 };
        let token = event.token(list("a"));
        assert_eq!(EventKey::read(&token, list("a")).unwrap(), event);
        assert!(JobKey::read(&token, list("a")).is_err());
    }

    #[test]
    fn whatever_else_comes_is_refused() {
        let token = EventKey { version: 3, n: 1 }.token(list("a"));
        for bad in ["", "a", "!!!!", &token[1..], &format!("{token}AA"), "я"] {
            assert!(EventKey::read(bad, list("a")).is_err(), "{bad}");
        }
        assert_ne!(
            ListDigest::of([&b"ab"[..], b"c"]),
            ListDigest::of([&b"a"[..], b"bc"])
        );
    }
}
