//! Storage engines for Avtomatika.
//!
//! | Module | For | How |
//! |---|---|---|
//! | [`memory`] | tests | the reference: maps behind one lock |
//! | [`embedded`] | one machine | redb on disk, one writer thread, group commit |
//!
//! Both keep the hot scheduler in an [`avtomatika_engine::storage::Index`]. One contract suite
//! (`tests/contract.rs`) runs on both.

mod census;
pub mod embedded;
pub mod memory;

pub use embedded::{Embedded, EmbeddedOptions, OpenError};
pub use memory::Memory;
