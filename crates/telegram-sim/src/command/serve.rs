//! `telegram-sim serve`.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use super::args::ServeArgs;
use crate::Sim;

#[expect(
    clippy::print_stdout,
    reason = "the address is the output of this command"
)]
pub(super) async fn serve(
    args: &ServeArgs,
    shutdown: CancellationToken,
) -> anyhow::Result<ExitCode> {
    let sim = Sim::bind(args.options()).await?;
    println!("{}", sim.url());
    sim.run(shutdown).await;
    Ok(ExitCode::SUCCESS)
}
