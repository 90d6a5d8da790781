//! The typed client of the control side.

mod error;
mod sim_client;

pub use error::ClientError;
pub use sim_client::SimClient;
