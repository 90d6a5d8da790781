//! From options, environment and files to the settings of a run.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::client_file::{self, ClientFile};
use super::{CA_VARIABLE, DEFAULT_URL, TOKEN_VARIABLE, URL_VARIABLE};
use crate::args::Global;
use crate::context::Context;
use crate::text::{Problem, Source};

/// How long a job is waited for unless `--timeout` says otherwise; the seed's CLI waited as long.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);

/// What a run needs to know of the server.
#[derive(Clone)]
pub struct Settings {
    /// The server's address.
    pub url: Url,
    /// Where the address comes from.
    pub url_source: Source,
    /// The token. Never printed.
    pub token: String,
    /// Where the token comes from.
    pub token_source: Source,
    /// The file, if one was used.
    pub file: Option<PathBuf>,
    /// Who may vouch for the server, if not those the system knows.
    pub ca: Option<PathBuf>,
    /// How long to wait for a job.
    pub timeout: Duration,
}

/// Finds the server and the token.
///
/// # Errors
/// A [`Problem`] about the address, the token or the file.
pub fn find(global: &Global, context: &Context) -> Result<Settings, Problem> {
    let given_url = given(global.url.as_deref(), context, URL_VARIABLE);
    let given_token = given(global.token.as_deref(), context, TOKEN_VARIABLE);
    // With both at hand the file doesn't matter, not even a broken one.
    let file = match (&given_url, &given_token) {
        (Some(_), Some(_)) => None,
        _ => client_file::find(context)?,
    };
    let (url, url_source) = match (&given_url, &file) {
        (Some((url, source)), _) => (parse(url)?, *source),
        (None, Some(file)) => (parse(&file.url)?, Source::File),
        (None, None) => (parse(DEFAULT_URL)?, Source::Default),
    };
    let (token, token_source) = match (given_token, &file) {
        (Some(given), _) => given,
        (None, Some(file)) => (token_of(file, &url)?, Source::File),
        (None, None) => return Err(Problem::NoToken),
    };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::BadToken);
    }
    let ca = match (&global.ca, context.variable(CA_VARIABLE), &file) {
        (Some(ca), _, _) => Some(ca.clone()),
        (None, Some(ca), _) => Some(ca.into()),
        // A file's word counts for its own server, as its token does.
        (None, None, Some(file)) if url_source == Source::File => file.ca(),
        _ => None,
    };
    let used = url_source == Source::File || token_source == Source::File;
    Ok(Settings {
        url,
        url_source,
        token,
        token_source,
        ca,
        file: file.filter(|_| used).map(|file| file.path),
        timeout: global
            .timeout_s
            .map_or(TIMEOUT_DEFAULT, Duration::from_secs),
    })
}

fn given(option: Option<&str>, context: &Context, variable: &str) -> Option<(String, Source)> {
    option
        .map(|value| (value.to_owned(), Source::Flag))
        .or_else(|| {
            context
                .variable(variable)
                .map(|v| (v.to_owned(), Source::Environment))
        })
}

/// The token of a file, if it is meant for this server: a token isn't sent to strangers.
fn token_of(file: &ClientFile, url: &Url) -> Result<String, Problem> {
    let same = parse(&file.url).is_ok_and(|own| is_same_server(&own, url));
    if same {
        return Ok(file.token.clone());
    }
    Err(Problem::TokenOfOtherServer {
        url: shown(url),
        file: file.path.clone(),
    })
}

fn parse(text: &str) -> Result<Url, Problem> {
    let bad = || Problem::BadUrl(text.split('@').next_back().unwrap_or(text).to_owned());
    let url = Url::parse(text).map_err(|_| bad())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(bad()),
    }
}

/// An address as it may be shown: without credentials, query and trailing slash.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can fail for an address that has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// Whether two addresses lead to the same server: equal, or two names of this machine.
fn is_same_server(one: &Url, other: &Url) -> bool {
    let ports = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
    let both_here = is_this_machine(one) && is_this_machine(other);
    one.origin() == other.origin() || both_here && ports(one) == ports(other)
}

/// Whether an address leads to this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
