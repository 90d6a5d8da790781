//! A network for each bot, from explicit subnets of one pool.
//!
//! The engine's own default pools end at about thirty networks; a /16 cut in /29 gives eight
//! thousand.

pub(crate) mod bridge;
pub(crate) mod create;
pub(crate) mod pool;

pub(crate) use bridge::Bridges;
pub(crate) use create::{Network, Networks};
