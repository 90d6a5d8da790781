//! One call, from the request to the answer.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::Method,
    response::{IntoResponse as _, Response},
};

use super::{
    answer::{ApiError, ApiResult, CutConnection},
    args::Args,
    faults::{Verdict, suffer},
    files::download,
    methods,
    path::Target,
    read::read_args,
};
use crate::{
    control::CallFile,
    state::{BotCell, NewCall, Refusal, World},
    token::Token,
};

/// Serves everything that is not the control side.
pub(crate) async fn handle(State(world): State<Arc<World>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::POST) {
        return ApiError::new(405, "Method Not Allowed").into_response();
    }
    match Target::parse(request.uri().path()) {
        Target::Unknown => ApiError::no_such_path().into_response(),
        Target::File { token, path } => match bot_of(&world, &token) {
            Ok(cell) => download(&cell, &path),
            Err(error) => error.into_response(),
        },
        Target::Method { token, method } => match bot_of(&world, &token) {
            Ok(cell) => call(&world, &cell, &method, request).await,
            Err(error) => error.into_response(),
        },
    }
}

/// Runs a method and records it. Also used for calls that come as the answer of a webhook.
pub(crate) async fn perform(
    world: &Arc<World>,
    cell: &Arc<BotCell>,
    called: &str,
    args: Args,
) -> ApiResult {
    let known = methods::canonical(called);
    let record = NewCall {
        method: known.unwrap_or(called).chars().take(64).collect(),
        args: args.values.clone(),
        files: files_of(&args),
        ..NewCall::default()
    };
    let result = match known {
        Some(method) => methods::run(method, world, cell, args).await,
        None if world.options.strict_methods => Err(ApiError::no_such_method()),
        None => super::answer::ok(true),
    };
    finish(cell, record, &result);
    result
}

fn bot_of(world: &World, token: &str) -> Result<Arc<BotCell>, ApiError> {
    let token = Token::parse(token).ok_or_else(ApiError::token_form)?;
    let id = token.id();
    world.by_token(token).map_err(|refusal| match refusal {
        Refusal::Unknown => {
            tracing::info!(bot = id, "a call with an unknown token, or another secret");
            ApiError::unauthorized()
        }
        Refusal::TooManyBots => {
            tracing::warn!(limit = world.options.bots_max, "no room for one more bot");
            ApiError::new(
                500,
                "Internal Server Error: too many bots in this simulator",
            )
        }
    })
}

async fn call(world: &Arc<World>, cell: &Arc<BotCell>, called: &str, request: Request) -> Response {
    let args = match read_args(request, world.options.body_bytes_max).await {
        Ok(args) => args,
        Err(error) => return error.into_response(),
    };
    let known = methods::canonical(called);
    let fault = {
        let mut bot = cell.lock();
        bot.calls.count(known);
        bot.faults.hit(known.unwrap_or(called))
    };
    match suffer(fault, cell, world).await {
        Verdict::Serve => match perform(world, cell, called, args).await {
            Ok(success) => success.into_response(),
            Err(error) => error.into_response(),
        },
        Verdict::ServeAndCut => {
            drop(perform(world, cell, called, args).await);
            CutConnection.into_response()
        }
        Verdict::Cut => {
            fail(
                cell,
                known.unwrap_or(called),
                args,
                &ApiError::new(0, "connection cut"),
            );
            CutConnection.into_response()
        }
        Verdict::Fail(error) => {
            fail(cell, known.unwrap_or(called), args, &error);
            error.into_response()
        }
    }
}

/// Records a call that a fault kept from being served.
fn fail(cell: &BotCell, method: &str, args: Args, error: &ApiError) {
    let files = files_of(&args);
    let method = method.chars().take(64).collect();
    let record = NewCall {
        method,
        args: args.values,
        files,
        ..NewCall::default()
    };
    finish(cell, record, &Err(error.clone()));
}

fn finish(cell: &BotCell, mut record: NewCall, result: &ApiResult) {
    if record.method == "getUpdates" {
        // Polls would push everything else out of the record; they have counters of their own.
        return;
    }
    match result {
        Ok(success) => record.result = Some(success.result.clone()),
        Err(error) => record.error = Some((error.code, error.description.clone())),
    }
    cell.record(record);
}

fn files_of(args: &Args) -> Vec<CallFile> {
    let file = |(field, upload): (&String, &super::args::Upload)| CallFile {
        field: field.clone(),
        file_name: upload.file_name.clone(),
        size_bytes: upload.content.len(),
    };
    args.files.iter().map(file).collect()
}
