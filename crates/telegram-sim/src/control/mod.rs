//! The control side: the words of `/_sim/...`, used by the server and by [`crate::SimClient`].
//!
//! `{bot}` in a path is a numeric id, or a whole token: a token makes the bot when tokens are not
//! strict, an id must be known already. Answers are JSON; a refusal is
//! `{"error": {"code": "...", "message": "..."}}` with a 4xx status.
//!
//! | Path under `/_sim` | Does |
//! |---|---|
//! | `GET /health` | says that the server runs |
//! | `GET /bots`, `POST /bots` | lists bots, registers one ([`NewBot`]) |
//! | `GET /bots/{bot}` | [`BotInfo`]; `?wait_first_poll_ms=` waits for the first poll |
//! | `DELETE /bots/{bot}` | forgets a bot and all of its state |
//! | `POST /bots/{bot}/messages` | injects a [`NewMessage`], answers [`Injected`] |
//! | `POST /bots/{bot}/callbacks` | presses a button ([`NewCallback`]) |
//! | `POST /bots/{bot}/updates` | injects a raw update |
//! | `POST /bots/{bot}/files?file_name=` | stores a file a user "sent", answers its `file_id` |
//! | `GET /bots/{bot}/calls` | recorded calls ([`CallQuery`]) |
//! | `GET /bots/{bot}/calls/wait` | waits for a call ([`CallQuery`]) |
//! | `GET /bots/{bot}/answers` | waits for what the bot says in a chat ([`AnswerQuery`]) |
//! | `GET`, `POST`, `DELETE /bots/{bot}/faults` | lists, adds ([`NewFault`]), clears faults |
//! | `GET /bots/{bot}/conflicts` | every 409 so far |
//! | `GET /bots/{bot}/ledger` | the fate of each update ([`LedgerView`]) |

mod bots;
mod calls;
mod conflicts;
mod error;
mod faults;
mod ledger;
mod messages;
pub(crate) mod routes;

pub use bots::{BotInfo, BotQuery, Health, NewBot};
pub use calls::{Answer, AnswerQuery, CallFile, CallFound, CallList, CallQuery, CallRecord};
pub use conflicts::Conflict;
pub(crate) use error::ControlError;
pub use faults::{Fault, FaultView, NewFault};
pub use ledger::{Fate, LedgerEntry, LedgerQuery, LedgerSummary, LedgerView, LostReason};
pub use messages::{FileQuery, Injected, NewCallback, NewMessage, Person, StoredFile};

/// Longest wait of one control request, milliseconds; clients ask again.
pub const WAIT_MS_MAX: u64 = 60_000;
