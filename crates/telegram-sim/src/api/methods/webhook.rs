//! Webhooks: set, removed, described. Delivery is in [`crate::webhook`].

use std::{net::IpAddr, sync::Arc};

use reqwest::Url;
use serde_json::json;

use super::polling::allowed_updates;
use crate::{
    api::{
        answer::{ApiError, ApiResult, Success},
        args::Args,
    },
    clock::now_ms,
    state::{BotCell, Webhook, World},
    webhook::Delivery,
};

/// Longest secret token.
const SECRET_BYTES_MAX: usize = 256;
/// Longest URL.
const URL_BYTES_MAX: usize = 2_048;

pub(super) fn set(world: &Arc<World>, cell: &Arc<BotCell>, args: &Args) -> ApiResult {
    let Some(text) = args.text("url") else {
        return delete(cell, args);
    };
    let url = check_url(text, world.options.webhooks_anywhere)?;
    let secret = check_secret(args)?;
    let mut bot = cell.lock();
    bot.polls.evict("terminated by setWebhook request");
    if args.flag("drop_pending_updates") {
        bot.queue.drop_pending(now_ms());
    }
    if let Some(kinds) = allowed_updates(args) {
        bot.queue.allow(kinds);
    }
    let same = bot
        .webhook
        .as_ref()
        .is_some_and(|webhook| webhook.url == text);
    let cancel = world.shutdown.child_token();
    let delivery = Delivery {
        world: Arc::clone(world),
        cell: Arc::downgrade(cell),
        url,
        secret,
        cancel: cancel.clone(),
    };
    bot.webhook = Some(Webhook {
        url: text.to_owned(),
        max_connections: args.integer("max_connections", 40, 1, 100_000),
        has_custom_certificate: args.files.contains_key("certificate"),
        last_error: None,
        _delivery: cancel.drop_guard(),
    });
    drop(bot);
    world.tasks.spawn(delivery.run());
    let words = if same {
        "Webhook is already set"
    } else {
        "Webhook was set"
    };
    Ok(Success {
        result: json!(true),
        description: Some(words),
    })
}

pub(super) fn delete(cell: &BotCell, args: &Args) -> ApiResult {
    let mut bot = cell.lock();
    if args.flag("drop_pending_updates") {
        bot.queue.drop_pending(now_ms());
    }
    let was_set = bot.webhook.take().is_some();
    let words = if was_set {
        "Webhook was deleted"
    } else {
        "Webhook is already deleted"
    };
    Ok(Success {
        result: json!(true),
        description: Some(words),
    })
}

pub(super) fn info(cell: &BotCell) -> ApiResult {
    let bot = cell.lock();
    let mut info = json!({
        "url": "",
        "has_custom_certificate": false,
        "pending_update_count": bot.queue.len(),
    });
    if let Some(webhook) = &bot.webhook {
        info["url"] = json!(webhook.url);
        info["has_custom_certificate"] = json!(webhook.has_custom_certificate);
        info["max_connections"] = json!(webhook.max_connections);
        if let Some((at_s, message)) = &webhook.last_error {
            info["last_error_date"] = json!(at_s);
            info["last_error_message"] = json!(message);
        }
    }
    if let Some(kinds) = bot.queue.allowed() {
        info["allowed_updates"] = json!(kinds);
    }
    Ok(Success {
        result: info,
        description: None,
    })
}

/// Like the public server run with `--local`, takes plain HTTP and any port; unless told
/// otherwise, only on this machine, so that a bot cannot make the simulator call others.
fn check_url(text: &str, anywhere: bool) -> Result<Url, ApiError> {
    let bad = |why: &str| ApiError::bad_request(&format!("bad webhook: {why}"));
    let url =
        Url::parse(text).map_err(|_| ApiError::bad_request("invalid webhook URL specified"))?;
    if text.len() > URL_BYTES_MAX {
        return Err(bad("the URL is too long"));
    }
    if url.scheme() != "http" {
        return Err(bad("this simulator delivers over plain http only"));
    }
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost" || literal.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if local || anywhere {
        Ok(url)
    } else {
        Err(bad("this simulator delivers to loopback addresses only"))
    }
}

fn check_secret(args: &Args) -> Result<Option<String>, ApiError> {
    let Some(secret) = args.text("secret_token") else {
        return Ok(None);
    };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if secret.len() > SECRET_BYTES_MAX {
        return Err(ApiError::bad_request("secret token is too long"));
    }
    if !secret.bytes().all(letter) {
        return Err(ApiError::bad_request(
            "secret token contains unallowed characters",
        ));
    }
    Ok(Some(secret.to_owned()))
}
