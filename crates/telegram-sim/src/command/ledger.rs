//! `telegram-sim ledger`.

use std::{fmt::Write as _, process::ExitCode};

use anyhow::Context as _;

use super::args::BotArgs;
use crate::{
    Language,
    control::{Fate, LedgerEntry, LedgerView, LostReason},
};

#[expect(
    clippy::print_stdout,
    reason = "the ledger is the output of this command"
)]
pub(super) async fn ledger(args: &BotArgs) -> anyhow::Result<ExitCode> {
    let view = args
        .remote
        .client()
        .ledger(&args.bot)
        .await
        .context("read the ledger")?;
    if args.remote.json {
        println!("{}", serde_json::to_string_pretty(&view)?);
    } else {
        print!("{}", table(&view, args.remote.lang));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(view: &LedgerView, language: Language) -> String {
    let mut out = String::new();
    for entry in &view.updates {
        let kind = &entry.kind;
        let fate = fate(entry, language);
        writeln!(out, "{:<12} {kind:<16} {fate}", entry.update_id).ok();
    }
    let summary = view.summary;
    let words = language.pick(
        "injected / delivered / confirmed / pending / lost / filtered / duplicates",
        "отправлено / доставлено / подтверждено / в очереди / потеряно / отсеяно / повторов",
    );
    writeln!(
        out,
        "{words}: {} / {} / {} / {} / {} / {} / {}",
        summary.injected,
        summary.delivered,
        summary.confirmed,
        summary.pending,
        summary.lost,
        summary.filtered,
        summary.duplicates
    )
    .ok();
    out
}

fn fate(entry: &LedgerEntry, language: Language) -> String {
    let after = |at: Option<u64>| at.unwrap_or_default().saturating_sub(entry.injected_at_ms);
    match (entry.fate, entry.lost_reason) {
        (Fate::Pending, _) => {
            let words = language.pick("pending, deliveries:", "в очереди, доставок:");
            format!("{words} {}", entry.deliveries)
        }
        (Fate::Confirmed, _) => {
            let words = language.pick("confirmed after, ms:", "подтверждено через, мс:");
            let extra = entry.deliveries.saturating_sub(1);
            let repeats = language.pick("redeliveries:", "повторных доставок:");
            let after = after(entry.confirmed_at_ms);
            if extra == 0 {
                format!("{words} {after}")
            } else {
                format!("{words} {after}, {repeats} {extra}")
            }
        }
        (Fate::Lost, Some(LostReason::SkippedByOffset)) => language
            .pick(
                "LOST: skipped by an offset",
                "ПОТЕРЯНО: пропущено смещением",
            )
            .to_owned(),
        (Fate::Lost, _) => language
            .pick(
                "LOST: dropped by drop_pending_updates",
                "ПОТЕРЯНО: сброшено drop_pending_updates",
            )
            .to_owned(),
        (Fate::Filtered, _) => language
            .pick("not in allowed_updates", "нет в allowed_updates")
            .to_owned(),
    }
}
