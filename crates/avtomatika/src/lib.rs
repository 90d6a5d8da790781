//! Avtomatika: the engine as a library, and the built-in blueprints.
//!
//! ```
//! use avtomatika::{Action, Blueprint, Dispatch, EndAs};
//!
//! let flow = Blueprint::builder("greet")
//!     .versioned_endpoint("v1", "/jobs/greet")
//!     .start("start", |context| {
//!         let name = context.input.get("name").cloned().unwrap_or_default();
//!         Ok(Action::dispatch(
//!             Dispatch::new("greeting").param("name", name).on("success", "done"),
//!         ))
//!     })
//!     .end("done", EndAs::Completed)
//!     .build()?;
//! assert_eq!(flow.name, "greet");
//! # Ok::<(), avtomatika::BuildError>(())
//! ```

pub mod blueprints;

pub use avtomatika_engine::blueprint::BuildError;
pub use avtomatika_engine::service::Options;
pub use avtomatika_engine::{
    Action, Blueprint, Client, Context, Dispatch, EndAs, Engine, HandlerError, Settings,
};
pub use avtomatika_server::{Access, ClientEntry, Server};
pub use avtomatika_store::{Embedded, EmbeddedOptions, Memory};
pub use {
    avtomatika_engine as engine, avtomatika_protocol as protocol, avtomatika_server as server,
    avtomatika_store as store,
};
