//! `telegram-sim bots`.

use std::{
    fmt::Write as _,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;

use super::args::RemoteArgs;
use crate::{Language, control::BotInfo};

#[expect(
    clippy::print_stdout,
    reason = "the list is the output of this command"
)]
pub(super) async fn bots(args: &RemoteArgs) -> anyhow::Result<ExitCode> {
    let bots = args.client().bots().await.context("list the bots")?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&bots)?);
    } else {
        print!("{}", table(&bots, args.lang, now_ms()));
    }
    Ok(ExitCode::SUCCESS)
}

fn now_ms() -> u64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn table(bots: &[BotInfo], language: Language, now_ms: u64) -> String {
    if bots.is_empty() {
        return format!("{}\n", language.pick("no bots yet", "ботов пока нет"));
    }
    let mut out = String::new();
    let heads = [
        language.pick("BOT", "БОТ"),
        language.pick("NAME", "ИМЯ"),
        language.pick("LAST POLL", "ОПРОС"),
        language.pick("POLLERS (MAX)", "ОПРАШИВАЮТ (МАКС)"),
        language.pick("PENDING", "В ОЧЕРЕДИ"),
        "409",
    ];
    row(&mut out, heads);
    for bot in bots {
        let last = bot.last_poll_at_ms.map_or_else(
            || "-".to_owned(),
            |at| {
                format!(
                    "{} {}",
                    now_ms.saturating_sub(at) / 1000,
                    language.pick("s ago", "с назад")
                )
            },
        );
        let pollers = format!("{} ({})", bot.pollers_now, bot.pollers_max);
        let cells = [
            &bot.token_hint,
            &bot.username,
            &last,
            &pollers,
            &bot.pending_updates.to_string(),
            &bot.conflicts.to_string(),
        ];
        row(&mut out, cells.map(String::as_str));
    }
    out
}

fn row(out: &mut String, [bot, name, poll, pollers, pending, conflicts]: [&str; 6]) {
    writeln!(
        out,
        "{bot:<20} {name:<24} {poll:<12} {pollers:<18} {pending:<10} {conflicts}"
    )
    .ok();
}
