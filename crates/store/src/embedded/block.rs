//! One block of rows, as it is stored.
//!
//! It is the number of its rows, then where the key and the value of each end, all of these 4 bytes,
//! little-endian, then keys and values in turn.

use super::keyed::Keyed;

/// Above this a block is cut, bytes: with what redb adds it fills two of its pages. A row that is
/// larger has a block of its own.
pub(super) const BLOCK_BYTES: usize = (8 << 10) - 128;
pub(super) const NUMBER_BYTES: usize = 4;
/// The first of something and the last.
pub(super) type Ends<T> = (T, T);

/// A block that is read.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    ends: &'b [u8],
    data: &'b [u8],
}

fn damaged() -> redb::Error {
    redb::Error::Corrupted("a block of rows can't be read".to_owned())
}

fn number(bytes: &[u8], place: usize) -> Option<usize> {
    let bytes = bytes.get(place * NUMBER_BYTES..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

impl<'b> Block<'b> {
    /// A block without rows.
    pub(super) const NONE: Self = Self {
        ends: &[],
        data: &[],
    };

    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, redb::Error> {
        let count = number(bytes, 0).ok_or_else(damaged)?;
        let rest = bytes.get(NUMBER_BYTES..).ok_or_else(damaged)?;
        let (ends, data) = rest
            .split_at_checked(count.saturating_mul(2 * NUMBER_BYTES))
            .ok_or_else(damaged)?;
        Ok(Self { ends, data })
    }

    pub(super) fn len(self) -> usize {
        self.ends.len() / (2 * NUMBER_BYTES)
    }

    pub(super) fn row(self, place: usize) -> Result<(&'b [u8], &'b [u8]), redb::Error> {
        let row = || {
            let start = match place {
                0 => 0,
                _ => number(self.ends, 2 * place - 1)?,
            };
            let key_end = number(self.ends, 2 * place)?;
            let value_end = number(self.ends, 2 * place + 1)?;
            let key = self.data.get(start..key_end)?;
            Some((key, self.data.get(key_end..value_end)?))
        };
        row().ok_or_else(damaged)
    }

    /// Its rows in order: keys and values.
    pub(super) fn rows(
        self,
    ) -> impl DoubleEndedIterator<Item = Result<(&'b [u8], &'b [u8]), redb::Error>> {
        (0..self.len()).map(move |place| self.row(place))
    }

    /// The value of a row.
    pub(super) fn find<K: Keyed>(self, key: &K::Owned) -> Result<Option<&'b [u8]>, redb::Error> {
        let lent = K::lent(key);
        let key = K::as_bytes(&lent);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let (found, value) = self.row(middle)?;
            match K::compare(found, key.as_ref()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(Some(value)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// The keys of its first and its last row.
    pub(super) fn bounds<K: Keyed>(self) -> Result<Option<Ends<K::Owned>>, redb::Error> {
        let Some(last) = self.len().checked_sub(1) else {
            return Ok(None);
        };
        let key = |place| self.row(place).map(|(key, _)| owned::<K>(key));
        Ok(Some((key(0)?, key(last)?)))
    }
}

pub(super) fn owned<K: Keyed>(key: &[u8]) -> K::Owned {
    K::owned(&K::from_bytes(key))
}

/// A block that is to be written.
#[derive(Default)]
pub(super) struct NewBlock {
    /// What it will be stored under.
    pub(super) key: Vec<u8>,
    count: u32,
    ends: Vec<u8>,
    data: Vec<u8>,
}

impl NewBlock {
    pub(super) fn len(&self) -> usize {
        NUMBER_BYTES + self.ends.len() + self.data.len()
    }

    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        if self.count == 0 {
            self.key.extend_from_slice(key);
        }
        self.count += 1;
        for part in [key, value] {
            self.data.extend_from_slice(part);
            // Rows are far smaller: a record of the log has at most 4 GiB.
            let end = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
            self.ends.extend(end.to_le_bytes());
        }
    }

    /// Writes it where there is just room for it.
    pub(super) fn write(&self, place: &mut [u8]) -> Result<(), redb::Error> {
        if place.len() != self.len() {
            return Err(damaged());
        }
        let (count, rest) = place.split_at_mut(NUMBER_BYTES);
        count.copy_from_slice(&self.count.to_le_bytes());
        let (ends, data) = rest.split_at_mut(self.ends.len());
        ends.copy_from_slice(&self.ends);
        data.copy_from_slice(&self.data);
        Ok(())
    }
}

/// Puts rows into blocks.
pub(super) struct Packer {
    limit: usize,
    open: NewBlock,
    ready: Vec<NewBlock>,
}

impl Packer {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            open: NewBlock::default(),
            ready: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        let bytes = self.open.len() + 2 * NUMBER_BYTES + key.len() + value.len();
        if self.open.count > 0 && bytes > self.limit {
            self.ready.push(std::mem::take(&mut self.open));
        }
        self.open.push(key, value);
    }

    pub(super) fn finish(mut self) -> Vec<NewBlock> {
        if self.open.count > 0 {
            self.ready.push(self.open);
        }
        self.ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_block_is_an_error_and_not_a_panic() {
        let mut open = NewBlock::default();
        open.push(b"key", b"value");
        let mut bytes = vec![0; open.len()];
        open.write(&mut bytes).unwrap();
        assert!(open.write(&mut bytes[1..]).is_err());
        assert_eq!(
            Block::read(&bytes).unwrap().row(0).unwrap(),
            (&b"key"[..], &b"value"[..])
        );
        for place in 0..bytes.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] = byte;
                if let Ok(block) = Block::read(&damaged) {
                    block.rows().for_each(drop);
                }
            }
            if let Ok(block) = Block::read(&bytes[..place]) {
                assert!(block.rows().any(|row| row.is_err()), "{place}");
            }
        }
    }
}
