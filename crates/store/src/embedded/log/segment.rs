//! One segment: a head with its number, then records.

use std::io;

use super::files::{Place, ZEROS};
use super::record::{HEAD_BYTES, take};

/// How far ahead a group is looked for behind a record that can't be read: far more than a segment
/// holds.
const GROUPS_AHEAD: u64 = 1 << 24;

/// What a segment begins with.
const MAGIC: &[u8; 8] = b"AVTLOG\x001";
/// Magic, number, and a checksum over both, bytes.
pub(super) const START: u64 = 32;

/// A segment in use: it holds groups that may not be in the file yet.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) slot: u32,
    pub(super) number: u64,
    pub(super) place: Place,
    /// Where the next record goes, bytes.
    pub(super) end: u64,
    /// The newest group in it; 0: none.
    pub(super) last_group: u64,
}

/// A segment as it was found.
pub(super) struct Found {
    pub(super) segment: Segment,
    /// Its records after a given group, oldest first: group and payload.
    pub(super) records: Vec<(u64, Vec<u8>)>,
}

/// The head of a segment.
pub(super) fn head(number: u64) -> [u8; START as usize] {
    let mut head = [0; START as usize];
    let (magic, rest) = head.split_at_mut(8);
    magic.copy_from_slice(MAGIC);
    let (place, sum) = rest.split_at_mut(8);
    place.copy_from_slice(&number.to_le_bytes());
    sum.copy_from_slice(&checksum(number));
    head
}

fn checksum(number: u64) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(MAGIC);
    hasher.update(&number.to_le_bytes());
    let mut sum = [0; 16];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

/// The number of the segment in a file; `None` if none was begun there, or its head was cut short.
fn number(bytes: &[u8]) -> Option<u64> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let sum = rest.first_chunk::<16>()?;
    let number = u64::from_le_bytes(*number);
    (magic == MAGIC && *sum == checksum(number)).then_some(number)
}

impl Segment {
    /// Reads a file: the segment in it and its records after group `applied`, or an unused place.
    pub(super) fn find(slot: u32, place: Place, applied: u64) -> io::Result<Result<Found, Place>> {
        let bytes = place.read()?;
        let Some(number) = number(&bytes) else {
            return Ok(Err(place));
        };
        let mut segment = Self {
            slot,
            number,
            place,
            end: START,
            last_group: 0,
        };
        let mut records = Vec::new();
        let from = |end: u64| usize::try_from(end).ok().and_then(|end| bytes.get(end..));
        while let Some((group, payload, length)) =
            from(segment.end).and_then(|rest| take(number, rest))
        {
            if group > applied {
                records.push((group, payload.to_vec()));
            }
            segment.last_group = group;
            segment.end += length as u64;
        }
        Ok(Ok(Found { segment, records }))
    }

    /// Whether there is a record behind the end: then one in between can't be read. What an
    /// earlier use of the place has left is told apart by its checksums.
    pub(super) fn goes_on(&self) -> io::Result<bool> {
        let bytes = self.place.read()?;
        let end = usize::try_from(self.end).unwrap_or(usize::MAX);
        let rest = bytes.get(end..).unwrap_or_default();
        // Most of a place has never been used: what is compared at once is passed over fast.
        let used = rest
            .chunks(ZEROS.len())
            .rposition(|some| !ZEROS.starts_with(some));
        let used = used.map_or(0, |chunk| (chunk + 1) * ZEROS.len());
        let rest = rest.get(..used.min(rest.len())).unwrap_or_default();
        let ahead = self.last_group + 1..self.last_group.saturating_add(GROUPS_AHEAD);
        // Sums are only made where what would be the group looks like one.
        Ok(rest
            .windows(HEAD_BYTES)
            .enumerate()
            .skip(1)
            .any(|(at, head)| {
                let group = head
                    .last_chunk::<8>()
                    .map(|group| u64::from_le_bytes(*group));
                group.is_some_and(|group| ahead.contains(&group))
                    && rest
                        .get(at..)
                        .is_some_and(|rest| take(self.number, rest).is_some())
            }))
    }
}

/// Whether a place without a readable head holds the first record of the segment that would be
/// next, or of the one its head may still name.
pub(super) fn is_begun(place: &Place, next: u64, applied: u64) -> io::Result<bool> {
    let bytes = place.read()?;
    let named = bytes
        .get(8..16)
        .and_then(|number| number.first_chunk::<8>());
    let named = named.map_or(0, |number| u64::from_le_bytes(*number));
    let rest = bytes
        .get(usize::try_from(START).unwrap_or(usize::MAX)..)
        .unwrap_or_default();
    Ok([next, named]
        .into_iter()
        .any(|number| take(number, rest).is_some_and(|(group, _, _)| group > applied)))
}
