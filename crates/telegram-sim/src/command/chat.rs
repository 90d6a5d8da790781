//! `telegram-sim chat`.

use std::{
    io::{self, BufRead as _},
    process::ExitCode,
    thread,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufRead, AsyncWriteExt as _, BufReader, duplex, stdout},
    runtime::Handle,
};

use super::{args::ChatArgs, run::person};
use crate::chat::{self, ChatOptions};

/// Bytes typed ahead of the chat.
const TYPED_AHEAD_BYTES: usize = 64 << 10;

pub(super) async fn chat(args: ChatArgs) -> anyhow::Result<ExitCode> {
    let user = person(&args);
    let remote = &args.bot.remote;
    let options = ChatOptions {
        bot: args.bot.bot.clone(),
        user,
        language: remote.lang,
    };
    let input = keyboard().context("read the keyboard")?;
    chat::run(&remote.client(), options, input, stdout()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Standard input, read by a thread of its own. The runtime's own reader would keep the program
/// from ending until one more line is typed; a plain thread just dies with it.
fn keyboard() -> io::Result<impl AsyncBufRead + Unpin> {
    let (near, mut far) = duplex(TYPED_AHEAD_BYTES);
    let runtime = Handle::current();
    let read = move || {
        for line in io::stdin().lock().split(b'\n') {
            let Ok(mut line) = line else { return };
            line.push(b'\n');
            if runtime.block_on(far.write_all(&line)).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("chat-keyboard".to_owned())
        .spawn(read)?;
    Ok(BufReader::new(near))
}
