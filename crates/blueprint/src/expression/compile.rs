//! From text to something that can be evaluated.

use std::sync::Arc;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, SourceInfo};
use serde_json::Value;

use super::functions::{FUNCTIONS, LIBRARY};
use super::meter::Alternative;
use super::scan::Token;
use super::walk::{self, Use};
use super::{CompileError, charge, rewrite, scan};
use crate::nearest;

/// What functions are called in other languages, and here.
const ELSEWHERE: [(&str, &str); 14] = [
    ("abs", "math.abs"),
    ("count", "size"),
    ("float", "double"),
    ("len", "size"),
    ("length", "size"),
    ("lowercase", "lower"),
    ("math.max", "math.greatest"),
    ("math.min", "math.least"),
    ("max", "math.greatest"),
    ("min", "math.least"),
    ("round", "math.round"),
    ("str", "string"),
    ("strip", "trim"),
    ("uppercase", "upper"),
];
/// Expressions inside each other.
const DEPTH_MAX: usize = 64;

/// A compiled expression. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Expression(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) text: String,
    pub(super) body: Body,
    pub(super) uses: Vec<Use>,
    /// Places of nodes in the text, by their numbers.
    pub(super) places: Vec<(u64, usize)>,
}

/// How it is evaluated.
#[derive(Debug)]
pub(super) enum Body {
    /// It names a value, which needs no CEL to be found.
    Path(Vec<String>),
    /// It names a value, with another for when there is none.
    PathOr(Vec<String>, Value),
    Program {
        root: IdedExpr,
        alternatives: Arc<[Alternative]>,
    },
}

/// Compiles an expression that may use these variables.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(text: &str, variables: &[&str]) -> Result<Expression, Vec<CompileError>> {
    let tokens = scan::tokens(text).map_err(|error| vec![error])?;
    if tokens.is_empty() {
        return Err(vec![CompileError::new(
            0,
            text.len(),
            "the expression is empty",
        )]);
    }
    for token in &tokens {
        let word = text.get(token.start..token.end).unwrap_or("");
        if word.starts_with("__") {
            return Err(vec![CompileError::new(
                token.start,
                word.len(),
                "names that begin with '__' are not available",
            )]);
        }
    }
    let rewritten = rewrite::rewrite(text, &tokens).map_err(|error| vec![error])?;
    let library = LIBRARY
        .as_ref()
        .map_err(|error| vec![CompileError::new(0, 0, error.clone())])?;
    let (mut root, info) = library
        .env
        .parser()
        .parse_with_source_info(&rewritten.text)
        .map_err(|errors| parse_errors(text, &tokens, &rewritten, &errors))?;
    let places = Places {
        rewritten: &rewritten,
        info: &info,
    };
    let found = walk::uses(&root);
    let errors = refusals(&found, variables, &places);
    if !errors.is_empty() {
        return Err(errors);
    }
    let body = simple(&root).unwrap_or_else(|| {
        let alternatives = charge::charge(&mut root).into();
        Body::Program { root, alternatives }
    });
    Ok(Expression(Arc::new(Inner {
        text: text.to_owned(),
        body,
        places: places.of(&found.uses),
        uses: found.uses,
    })))
}

/// Where nodes were written.
struct Places<'s> {
    rewritten: &'s rewrite::Rewritten,
    info: &'s SourceInfo,
}

impl Places<'_> {
    fn at(&self, id: u64) -> (usize, usize) {
        let (start, stop) = self.info.offset_for(id).unwrap_or((0, 0));
        let byte = |characters: u32| {
            let characters = usize::try_from(characters).unwrap_or(0);
            let mut indices = self.rewritten.text.char_indices();
            indices
                .nth(characters)
                .map_or(self.rewritten.text.len(), |(at, _)| at)
        };
        let (start, stop) = (byte(start), byte(stop));
        let original = self.rewritten.original(start);
        (original, stop.saturating_sub(start) + 1)
    }

    fn of(&self, uses: &[Use]) -> Vec<(u64, usize)> {
        uses.iter()
            .map(|used| (used.id, self.at(used.id).0))
            .collect()
    }
}

fn refusals(found: &walk::Found, variables: &[&str], places: &Places<'_>) -> Vec<CompileError> {
    let mut errors = Vec::new();
    let mut add = |id: u64, reason: String, hint: Option<String>| {
        let (at, length) = places.at(id);
        errors.push(CompileError {
            at,
            length,
            reason,
            hint,
        });
    };
    if found.depth > DEPTH_MAX {
        add(
            0,
            format!("more than {DEPTH_MAX} operations inside each other"),
            None,
        );
    }
    for used in &found.uses {
        let root = used.path.first().map_or("", String::as_str);
        if !variables.contains(&root) {
            let hint = nearest::suggestion(root, variables);
            add(used.id, format!("unknown variable '{root}'"), hint);
        }
    }
    for (what, id) in &found.refused {
        add(*id, format!("{what} are not supported"), None);
    }
    for (name, id) in &found.calls {
        let plain = name.strip_prefix("optional.").unwrap_or(name);
        let known = FUNCTIONS.contains(&plain) || name.contains('@');
        if !known {
            let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == name);
            let hint = match elsewhere {
                Some((_, ours)) => Some(format!("here it is called '{ours}'")),
                None => {
                    nearest::nearest(name, FUNCTIONS).map(|near| format!("did you mean '{near}'?"))
                }
            };
            let (bracket, _) = places.at(*id);
            let called = name.rsplit('.').next().unwrap_or(name);
            errors.push(CompileError {
                at: bracket.saturating_sub(called.len()),
                length: called.len(),
                reason: format!("unknown function '{name}'"),
                hint,
            });
        }
    }
    errors
}

fn parse_errors(
    text: &str,
    tokens: &[Token],
    rewritten: &rewrite::Rewritten,
    errors: &cel::ParseErrors,
) -> Vec<CompileError> {
    let mut found: Vec<CompileError> = Vec::new();
    for error in &errors.errors {
        let at = rewritten
            .original(place(&rewritten.text, error.pos))
            .min(text.len());
        let reason = format!("this is no expression: {}", plain(&error.msg));
        // The parser goes on after an error and finds more that come of the first one.
        if found.is_empty() {
            let rest = text.get(at..).unwrap_or("");
            let length = rest.chars().next().map_or(0, char::len_utf8);
            let mut error = CompileError::new(at, length, reason);
            error.hint = foreign(text, tokens);
            found.push(error);
        }
    }
    found
}

/// What other languages' operators are here.
fn foreign(text: &str, tokens: &[Token]) -> Option<String> {
    let word = |token: &Token| text.get(token.start..token.end).unwrap_or("");
    let mut before = "";
    for token in tokens {
        let meant = match word(token) {
            // Names may be called so.
            _ if before == "." => None,
            "and" => Some("&&"),
            "or" => Some("||"),
            "not" => Some("!"),
            "=" | "===" => Some("=="),
            _ => None,
        };
        if let Some(meant) = meant {
            return Some(format!("'{}' is written '{meant}' here", word(token)));
        }
        before = word(token);
    }
    None
}

/// A parser's message without what only its authors understand.
fn plain(message: &str) -> String {
    if message.contains("Recursion limit") {
        return "too many operations inside each other".to_owned();
    }
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split(" expecting ").next().unwrap_or(message);
    let known = [
        "mismatched input ",
        "extraneous input ",
        "no viable alternative at input ",
        "token recognition error at: ",
    ];
    let unexpected = known.iter().find_map(|known| message.strip_prefix(known));
    match unexpected.map(|what| what.trim_matches('\'').trim()) {
        Some("<EOF>") => "it ends too early".to_owned(),
        Some(what) => format!("unexpected '{what}'"),
        None => message.to_owned(),
    }
}

/// The byte of a line and column, which the parser counts from 1.
fn place(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(0).saturating_sub(1);
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or("");
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(at, _)| at)
}

/// An expression that needs no evaluation.
fn simple(root: &IdedExpr) -> Option<Body> {
    if let Some(path) = walk::path(root) {
        return Some(Body::Path(path));
    }
    let Expr::Call(call) = &root.expr else {
        return None;
    };
    match call.args.as_slice() {
        [first, second] if call.func_name == rewrite::OR && call.target.is_none() => {
            Some(Body::PathOr(walk::path(first)?, literal(second)?))
        }
        _ => None,
    }
}

fn literal(node: &IdedExpr) -> Option<Value> {
    Some(match &node.expr {
        Expr::Literal(LiteralValue::Boolean(value)) => Value::Bool(*value.inner()),
        Expr::Literal(LiteralValue::Int(value)) => Value::from(*value.inner()),
        Expr::Literal(LiteralValue::String(value)) => Value::from(value.inner()),
        Expr::Literal(LiteralValue::Null) => Value::Null,
        _ => return None,
    })
}

impl Expression {
    /// What was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The variables it reads.
    pub fn uses(&self) -> &[Use] {
        &self.0.uses
    }

    /// Whether the whole of it names a value, so that it passes values through unseen.
    pub fn is_path(&self) -> bool {
        matches!(self.0.body, Body::Path(_) | Body::PathOr(..))
    }

    /// Where in the text a variable is read.
    pub fn place(&self, used: &Use) -> usize {
        let place = self.0.places.iter().find(|(id, _)| *id == used.id);
        place.map_or(0, |(_, at)| *at)
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}
