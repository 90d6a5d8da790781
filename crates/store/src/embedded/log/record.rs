//! One record of the log: all changes of one group, table by table.
//!
//! | Field | Bytes |
//! |---|---|
//! | length of the payload | 4 |
//! | checksum over segment, group and payload | 16 |
//! | group: counts records of all segments, without gaps | 8 |
//! | payload | |
//!
//! In the payload a table is a byte with its number and the count of its rows; a row is its key
//! and its value, each behind its length. Numbers are little-endian.

/// What stands before a payload, bytes.
pub(in super::super) const HEAD_BYTES: usize = 28;
/// A value's length in the place of a value that isn't there: the row is deleted.
const GONE: u32 = u32::MAX;

/// The log holds something that can't have been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log is damaged: {0}")]
pub(in super::super) struct Damaged(pub(super) &'static str);

impl Damaged {
    /// A record names a table this program does not know.
    pub(in super::super) const UNKNOWN_TABLE: Self = Self("it names a table that isn't there");
}

/// A record in the making.
#[derive(Debug)]
pub(in super::super) struct Writing {
    buffer: Vec<u8>,
}

fn length(of: usize) -> u32 {
    // Bodies are bounded far below this.
    u32::try_from(of).unwrap_or(GONE - 1)
}

impl Writing {
    /// An empty record in a buffer that has served before.
    pub(in super::super) fn begin(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        buffer.resize(HEAD_BYTES, 0);
        Self { buffer }
    }

    /// Begins a table's rows.
    pub(in super::super) fn table(&mut self, number: u8, rows: usize) {
        self.buffer.push(number);
        self.buffer.extend(length(rows).to_le_bytes());
    }

    /// Adds a key.
    pub(in super::super) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend(length(bytes.len()).to_le_bytes());
        self.buffer.extend_from_slice(bytes);
    }

    /// Adds a value.
    pub(in super::super) fn value(&mut self, value: Option<&[u8]>) {
        match value {
            Some(bytes) => self.bytes(bytes),
            None => self.buffer.extend(GONE.to_le_bytes()),
        }
    }

    /// Whether nothing has been added.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.buffer.len() == HEAD_BYTES
    }

    /// How long it is, its head included.
    pub(in super::super) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Fills in the head; the record as it goes to the file.
    pub(super) fn seal(&mut self, segment: u64, group: u64) -> &[u8] {
        let payload = length(self.buffer.len() - HEAD_BYTES);
        let sum = checksum(
            segment,
            group,
            self.buffer.get(HEAD_BYTES..).unwrap_or_default(),
        );
        let head = [&payload.to_le_bytes()[..], &sum, &group.to_le_bytes()].concat();
        if let Some(place) = self.buffer.get_mut(..HEAD_BYTES) {
            place.copy_from_slice(&head);
        }
        &self.buffer
    }

    /// The buffer, to be used again.
    pub(in super::super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

/// A segment's place can be used again, so old records may follow new ones: the segment's number
/// is in the sum.
fn checksum(segment: u64, group: u64, payload: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&segment.to_le_bytes());
    hasher.update(&group.to_le_bytes());
    hasher.update(payload);
    let mut sum = [0; 16];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

/// Takes one record off the front of a segment's bytes: its group, its payload and its whole
/// length. `None` where the segment ends, or where a write was cut short.
pub(super) fn take(segment: u64, bytes: &[u8]) -> Option<(u64, &[u8], usize)> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    let (length, head) = head.split_first_chunk::<4>()?;
    let (sum, group) = head.split_first_chunk::<16>()?;
    let group = u64::from_le_bytes(group.try_into().ok()?);
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let payload = rest.get(..length)?;
    (group > 0 && checksum(segment, group, payload) == *sum).then_some((
        group,
        payload,
        HEAD_BYTES + length,
    ))
}

/// A payload that is read back.
#[derive(Debug)]
pub(in super::super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in super::super) fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    fn number(&mut self) -> Result<u32, Damaged> {
        let (number, rest) = self
            .0
            .split_first_chunk()
            .ok_or(Damaged("a length is cut"))?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*number))
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], Damaged> {
        let length = usize::try_from(length).map_err(|_| Damaged("a length is too large"))?;
        let cut = Damaged("a row is cut");
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(cut)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// The next table's number and its count of rows; `None` at the end.
    pub(in super::super) fn table(&mut self) -> Result<Option<(u8, usize)>, Damaged> {
        let Some((number, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        self.0 = rest;
        let rows = self.number()?;
        let rows = usize::try_from(rows).map_err(|_| Damaged("too many rows"))?;
        Ok(Some((*number, rows)))
    }

    /// The next key.
    pub(in super::super) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = self.number()?;
        self.take(length)
    }

    /// The next value; `None` for a row that is deleted.
    pub(in super::super) fn value(&mut self) -> Result<Option<&'a [u8]>, Damaged> {
        match self.number()? {
            GONE => Ok(None),
            length => self.take(length).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(segment: u64, group: u64) -> Vec<u8> {
        let mut record = Writing::begin(Vec::new());
        record.table(3, 2);
        record.bytes(b"key");
        record.value(Some(b"value"));
        record.bytes(b"gone");
        record.value(None);
        record.seal(segment, group).to_vec()
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let bytes = sealed(7, 9);
        let (group, payload, length) = take(7, &bytes).unwrap();
        assert_eq!((group, length), (9, bytes.len()));
        let mut reader = Reader::new(payload);
        assert_eq!(reader.table().unwrap(), Some((3, 2)));
        assert_eq!(reader.bytes().unwrap(), b"key");
        assert_eq!(reader.value().unwrap(), Some(&b"value"[..]));
        assert_eq!(reader.bytes().unwrap(), b"gone");
        assert_eq!(reader.value().unwrap(), None);
        assert_eq!(reader.table().unwrap(), None);
        assert!(reader.bytes().is_err());
    }

    #[test]
    fn a_record_that_is_cut_changed_or_of_another_segment_is_none() {
        let bytes = sealed(7, 9);
        assert!(take(8, &bytes).is_none());
        for cut in 0..bytes.len() {
            assert!(take(7, &bytes[..cut]).is_none(), "{cut}");
        }
        for changed in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[changed] ^= 1;
            assert!(take(7, &bytes).is_none(), "{changed}");
        }
        assert!(take(0, &[0; 100]).is_none());
    }
}
