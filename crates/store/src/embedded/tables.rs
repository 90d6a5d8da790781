//! The tables. Ids are stored as big numbers: UUIDv7 sorts by time that way too.
//!
//! One list makes everything of it: the tables of the file, the changes to them that are in
//! memory ([`Layer`]), and the writer's view of both ([`Tables`]). A table's number stands in the
//! log and must not change.

use std::marker::PhantomData;

use redb::{TableDefinition, Value, WriteTransaction};

use super::blocks::{self, Packed};
use super::changes::Changes;
use super::keyed::Keyed;
use super::layers::Layers;
use super::log::{Damaged, Reader, Writing};
use super::table::{Base, Table};

/// The version of this layout. A file of another version is refused, except those below.
pub(super) const FORMAT: u64 = 4;
/// The layout before rows were kept in blocks.
pub(super) const FORMAT_UNPACKED: u64 = 3;
/// Layouts before there was a log, with fewer tables. Programs of that time must not
/// open the file once there is a log beside it.
pub(super) const FORMATS_UNLOGGED: [u64; 2] = [1, 2];

/// Facts about the file.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// In [`META`]: the last group of the log that is in the file.
pub(super) const APPLIED: &str = "applied_group";
/// In [`META`]: the newest segment the log had then. It is there for ever, or a newer one is.
pub(super) const SEGMENT: &str = "log_segment";

/// A table: how it is called, and what its rows are.
pub(super) struct Rows<K, V> {
    unpacked: &'static str,
    packed: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Rows<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Rows<K, V> {}

impl<K: Keyed, V: Value + 'static> Rows<K, V> {
    const fn new(unpacked: &'static str, packed: &'static str) -> Self {
        let types = PhantomData;
        Self {
            unpacked,
            packed,
            types,
        }
    }

    /// The table, its rows in blocks.
    pub(super) fn packed(self) -> Packed<K> {
        TableDefinition::new(self.packed)
    }

    /// The table in files of [`FORMAT_UNPACKED`] and before.
    pub(super) fn unpacked(self) -> TableDefinition<'static, K, V> {
        TableDefinition::new(self.unpacked)
    }
}

macro_rules! tables {
    ($($(#[$doc:meta])* $number:literal $field:ident $table:ident: $key:ty => $value:ty = $name:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) const $table: Rows<$key, $value> = Rows::new($name, concat!("packed_", $name));
        )*

        /// Changes that are not in the file yet.
        #[derive(Debug, Default)]
        pub(super) struct Layer {
            $(pub(super) $field: Changes<$key>,)*
        }

        impl Layer {
            /// About what it takes in memory, bytes.
            pub(super) fn bytes(&self) -> usize {
                0 $(+ self.$field.bytes())*
            }

            pub(super) fn is_empty(&self) -> bool {
                true $(&& self.$field.is_empty())*
            }

            /// Takes later changes over.
            pub(super) fn merge(&mut self, later: Self) {
                $(self.$field.merge(later.$field);)*
            }

            /// Writes all of it into the file's tables.
            pub(super) fn apply(&self, write: &WriteTransaction) -> Result<(), redb::Error> {
                $(self.$field.apply(write, $table.packed())?;)*
                Ok(())
            }

            /// Frees the memory, piece by piece.
            pub(super) fn dismantle(self) {
                $(self.$field.dismantle();)*
            }

            /// Writes all of it into a record of the log.
            pub(super) fn encode(&self, record: &mut Writing) {
                $(self.$field.encode($number, record);)*
            }

            /// Takes over what a record of the log holds.
            pub(super) fn decode(&mut self, mut record: Reader<'_>) -> Result<(), Damaged> {
                while let Some((number, rows)) = record.table()? {
                    match number {
                        $($number => self.$field.decode(rows, &mut record)?,)*
                        _ => return Err(Damaged::UNKNOWN_TABLE),
                    }
                }
                Ok(())
            }
        }

        /// The writer's view: what is stored, with the group it is writing on top.
        pub(super) struct Tables<'t> {
            $(pub(super) $field: Table<'t, $key, $value>,)*
        }

        impl<'t> Tables<'t> {
            pub(super) fn open(
                group: &'t mut Layer,
                layers: &'t Layers,
                base: &'t Base,
            ) -> Self {
                Self {
                    $($field: Table::open(
                        &mut group.$field,
                        &layers.active.$field,
                        layers.frozen.as_ref().map(|frozen| &frozen.$field),
                        base,
                        $table.packed(),
                    ),)*
                }
            }

            /// What was written since the last call belongs to the group.
            pub(super) fn keep(&mut self) {
                $(self.$field.keep();)*
            }

            /// What was written since the last call of `keep` is forgotten.
            pub(super) fn forget(&mut self) {
                $(self.$field.forget();)*
            }
        }

        /// Makes the tables of a new file.
        pub(super) fn make(write: &WriteTransaction) -> Result<(), redb::Error> {
            $(write.open_table($table.packed())?;)*
            Ok(())
        }

        /// Brings a file of [`FORMAT_UNPACKED`] or before to this layout.
        pub(super) fn take_over(write: &WriteTransaction) -> Result<(), redb::Error> {
            $(blocks::take_over(write, $table)?;)*
            Ok(())
        }
    };
}

tables! {
    /// Job → version (8 bytes, little-endian), then the job in MessagePack.
    0 jobs JOBS: u128 => &'static [u8] = "jobs";
    /// Client and job, to list a client's jobs.
    1 by_client BY_CLIENT: (&'static str, u128) => () = "jobs_by_client";
    /// Jobs that have not ended → their client, and when they go on by themselves (0: they don't).
    2 live LIVE: u128 => (&'static str, u64) = "live_jobs";
    /// When a job ended, and which, to delete old ones.
    3 ended ENDED: (u64, u128) => () = "ended_jobs";
    /// Client and idempotency key → job.
    4 keys KEYS: (&'static str, &'static str) => u128 = "idempotency_keys";
    /// Task → the task in MessagePack.
    5 tasks TASKS: u128 => &'static [u8] = "tasks";
    /// Task → its queue entry in MessagePack.
    6 queue QUEUE: u128 => &'static [u8] = "queue";
    /// Collection and key → version (8 bytes, little-endian), then the value in JSON.
    7 documents DOCUMENTS: (&'static str, &'static str) => &'static [u8] = "documents";
    /// Worker → its registration in MessagePack.
    8 workers WORKERS: &'static str => &'static [u8] = "workers";
    /// Jobs that are quarantined → their client.
    9 quarantined QUARANTINED: u128 => &'static str = "quarantined_jobs";
    /// Counter → what has been spent.
    10 counters COUNTERS: &'static str => u64 = "counters";
    /// Number → what one commit told of its jobs, in MessagePack.
    11 outbox OUTBOX: u64 => &'static [u8] = "outbox";
}
