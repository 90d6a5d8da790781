//! The log: what has been acknowledged and is not in the file yet.
//!
//! A group of commits is one record and one sync, at the end of a file that is as long as it will
//! ever be. What is in the log is also in memory; a [`checkpoint`](super::checkpoint) brings it
//! into the file in one transaction that also says up to which group, and the segments that hold
//! nothing newer are used again. After a crash the groups the file lacks are read back.

mod files;
mod record;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;

pub(super) use files::Files;
use files::Place;
pub(super) use record::{Damaged, HEAD_BYTES, Reader, Writing};
use segment::{Found, START, Segment};

/// What is kept free in a segment, so that a clean-up of a full disk finds room, bytes.
const KEPT_BYTES: u64 = 256 << 10;

/// How large the log may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Of one segment, bytes.
    pub(super) segment_bytes: u64,
    /// Segments at most.
    pub(super) segments_max: usize,
}

impl Size {
    /// A size that suits a disk with so much free space.
    pub(super) fn for_disk(free_bytes: u64) -> Self {
        Self {
            segment_bytes: (free_bytes / 64).clamp(1 << 20, 8 << 20),
            segments_max: 8,
        }
    }

    /// When a checkpoint is due because of the log's length, bytes.
    pub(super) fn checkpoint_bytes(self) -> u64 {
        self.segment_bytes * (self.segments_max as u64) / 2
    }
}

/// Why a record could not be appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendError {
    /// All segments hold what is not in the file yet.
    #[error("the log is as long as it may be")]
    Long,
    /// The disk did not do it. It is not known whether the record is there: see [`Log::undo`].
    #[error("failed to write to the log: {0}")]
    Io(#[from] io::Error),
}

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error("failed to read the log: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Damaged(#[from] Damaged),
}

/// How far the file has come with the log.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    /// The last group it holds.
    pub(super) group: u64,
    /// The newest segment there was then.
    pub(super) segment: u64,
}

/// The log.
#[derive(Debug)]
pub(super) struct Log {
    files: Files,
    size: Size,
    /// Oldest first; records go to the last.
    segments: VecDeque<Segment>,
    /// Places of segments that hold nothing any more.
    spare: Vec<(u32, Place)>,
    next_number: u64,
    next_group: u64,
    /// Bytes appended since the last call of [`Log::forget`].
    grown_bytes: u64,
}

impl Log {
    /// Opens the log; answers also the payloads of all groups the file lacks, oldest first.
    ///
    /// Only the end of the newest segment may be cut short, by a crash amid a write nobody has an
    /// answer to yet. Anything else that can't be read was acknowledged once.
    pub(super) fn open(
        files: Files,
        size: Size,
        reached: Reached,
    ) -> Result<(Self, Vec<Vec<u8>>), LogError> {
        let applied = reached.group;
        let (mut found, mut spare) = (Vec::new(), Vec::new());
        for slot in files.slots()? {
            match Segment::find(slot, files.open(slot)?, applied)? {
                Ok(segment) => found.push(segment),
                Err(place) => spare.push((slot, place)),
            }
        }
        found.sort_unstable_by_key(|found| found.segment.number);
        let newest = found.last().map_or(0, |found| found.segment.number);
        if newest < reached.segment {
            return Err(Damaged("its newest file is missing or can't be read").into());
        }
        if let Some(last) = found.last()
            && last.segment.goes_on()?
        {
            return Err(Damaged("a record before the last can't be read").into());
        }
        for (_, place) in &spare {
            if segment::is_begun(place, newest + 1, applied)? {
                return Err(Damaged("the head of one of its files can't be read").into());
            }
        }
        let mut log = Self {
            files,
            size,
            segments: VecDeque::new(),
            spare,
            next_number: 1,
            next_group: applied + 1,
            grown_bytes: 0,
        };
        let mut payloads = Vec::new();
        for Found { segment, records } in found {
            for (group, payload) in records {
                if group != log.next_group {
                    return Err(Damaged("a group is missing").into());
                }
                log.next_group += 1;
                log.grown_bytes += payload.len() as u64;
                payloads.push(payload);
            }
            log.next_number = segment.number + 1;
            log.segments.push_back(segment);
        }
        log.reuse(applied);
        Ok((log, payloads))
    }

    /// Appends a record and syncs it; answers its group. After an error of the disk nobody knows
    /// whether it is there.
    pub(super) fn append(&mut self, record: &mut Writing, kept: bool) -> Result<u64, AppendError> {
        self.make_room(record.len() as u64, kept)?;
        let group = self.next_group;
        let Some(segment) = self.segments.back_mut() else {
            return Err(AppendError::Long);
        };
        if segment.end == START {
            segment.place.write(0, &segment::head(segment.number))?;
        }
        let bytes = record.seal(segment.number, group);
        segment.place.write(segment.end, bytes)?;
        segment.place.sync()?;
        segment.end += bytes.len() as u64;
        segment.last_group = group;
        self.next_group += 1;
        self.grown_bytes += bytes.len() as u64;
        Ok(group)
    }

    /// Whether a record of so many bytes fits into the segment that is being written.
    pub(super) fn fits(&self, bytes: u64) -> bool {
        let limit = self.size.segment_bytes - KEPT_BYTES;
        let last = self.segments.back();
        last.is_some_and(|segment| segment.end + bytes <= limit)
    }

    /// Makes sure that the record whose [`Log::append`] failed is not there.
    pub(super) fn undo(&mut self) -> io::Result<()> {
        let Some(segment) = self.segments.back_mut() else {
            return Ok(());
        };
        segment.place.write(segment.end, &[0; HEAD_BYTES])?;
        segment.place.sync()
    }

    /// Goes on to another segment if the record doesn't fit into this one. A segment that is
    /// empty takes a record of any length.
    fn make_room(&mut self, bytes: u64, kept: bool) -> Result<(), AppendError> {
        let limit = self.size.segment_bytes - if kept { 0 } else { KEPT_BYTES };
        let fits = self
            .segments
            .back()
            .is_some_and(|segment| segment.end == START || segment.end + bytes <= limit);
        if fits {
            return Ok(());
        }
        let (slot, place) = match self.spare.pop() {
            Some(spare) => spare,
            None if self.segments.len() >= self.size.segments_max => {
                return Err(AppendError::Long);
            }
            None => {
                let taken = |slot: &u32| self.segments.iter().any(|other| other.slot == *slot);
                let slot = (0..).find(|slot| !taken(slot)).unwrap_or_default();
                (slot, self.files.make(slot, self.size.segment_bytes)?)
            }
        };
        self.segments.push_back(Segment {
            slot,
            number: self.next_number,
            place,
            end: START,
            last_group: 0,
        });
        self.next_number += 1;
        Ok(())
    }

    /// Notes that the file holds every group up to this one.
    pub(super) fn forget(&mut self, applied: u64) {
        self.reuse(applied);
        self.grown_bytes = self
            .segments
            .iter()
            .map(|segment| segment.end - START)
            .sum();
    }

    fn reuse(&mut self, applied: u64) {
        // The last one goes on being written to.
        while self.segments.len() > 1
            && self
                .segments
                .front()
                .is_some_and(|segment| segment.last_group <= applied)
            && let Some(segment) = self.segments.pop_front()
        {
            self.spare.push((segment.slot, segment.place));
        }
    }

    /// The number of the newest segment that holds a record; 0: there is none.
    pub(super) fn newest(&self) -> u64 {
        let mut newest_first = self.segments.iter().rev();
        let begun = newest_first.find(|segment| segment.end > START);
        begun.map_or(0, |segment| segment.number)
    }

    /// The group the last record holds.
    pub(super) fn last_group(&self) -> u64 {
        self.next_group - 1
    }

    /// What it holds that the file may lack, bytes.
    pub(super) fn grown_bytes(&self) -> u64 {
        self.grown_bytes
    }

    /// Whether so much has been appended since a checkpoint began, when it held `then` bytes, that
    /// there is no time to lose: half of what is left.
    pub(super) fn outgrows(&self, then: u64) -> bool {
        self.grown_bytes >= then + self.size.checkpoint_bytes() / 2
    }

    /// Whether so much has been appended that a checkpoint is due.
    pub(super) fn is_long(&self) -> bool {
        self.grown_bytes >= self.size.checkpoint_bytes()
    }
}
