//! What the server knows: a world of bots, each behind its own lock, all in memory, all bounded.

mod bot;
mod calls;
mod cell;
mod chats;
mod faults;
mod files;
mod ledger;
mod polls;
mod queue;
mod world;

pub(crate) use bot::{Bot, Webhook};
pub(crate) use calls::NewCall;
pub(crate) use cell::BotCell;
pub(crate) use chats::Chats;
pub(crate) use faults::FAULTS_MAX;
pub(crate) use polls::Waiting;
pub(crate) use world::{Refusal, World};
