//! How dependencies are installed: a fixed script. What the user wrote is a file it reads, and
//! what the operator set are its arguments; neither is ever part of a command.

use crate::options::DependencyOptions;

/// Raised whenever the script or the layout changes: old images are then not used any more.
pub(super) const VERSION: u32 = 1;

/// Where the script finds its files.
pub(super) const DIR: &str = "opt/avtomatika";
/// Where the operator's wheels are mounted.
pub(super) const WHEELS_DIR: &str = "/opt/avtomatika/wheels";

/// Arguments: index URL, `wheels` or nothing, `no-index` or nothing, `pip` or nothing.
///
/// uv where there is uv, else pip. Byte code is compiled here, once, because a bot's root is
/// read-only and would compile it again at every start.
const SCRIPT: &str = r#"
set -eu
export HOME=/tmp TMPDIR=/tmp UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1 UV_NO_PROGRESS=1
if [ -s /opt/avtomatika/ca.crt ]; then
  export SSL_CERT_FILE=/opt/avtomatika/ca.crt PIP_CERT=/opt/avtomatika/ca.crt
  export REQUESTS_CA_BUNDLE=/opt/avtomatika/ca.crt UV_SYSTEM_CERTS=1
fi
if [ -n "$1" ]; then export UV_DEFAULT_INDEX="$1" PIP_INDEX_URL="$1"; fi
if [ -n "$2" ]; then export UV_FIND_LINKS=/opt/avtomatika/wheels PIP_FIND_LINKS=/opt/avtomatika/wheels; fi
if [ -n "$3" ]; then export UV_NO_INDEX=1 PIP_NO_INDEX=1; fi
if [ -z "$4" ] && command -v uv >/dev/null 2>&1; then
  uv venv --quiet --allow-existing --python python3 /opt/venv
  exec uv pip install --python /opt/venv/bin/python --no-cache --link-mode copy \
    --compile-bytecode --requirement /opt/avtomatika/requirements.txt
fi
python3 -m venv --without-pip /opt/venv
exec python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-input \
  --disable-pip-version-check --compile --requirement /opt/avtomatika/requirements.txt
"#;

/// The whole command.
pub(super) fn command(options: &DependencyOptions) -> Vec<String> {
    let flag = |on: bool, word: &str| if on { word.to_owned() } else { String::new() };
    vec![
        "sh".to_owned(),
        "-c".to_owned(),
        SCRIPT.to_owned(),
        "install".to_owned(),
        options.index_url.clone().unwrap_or_default(),
        flag(options.find_links.is_some(), "wheels"),
        flag(options.no_index, "no-index"),
        flag(options.pip_only, "pip"),
    ]
}
