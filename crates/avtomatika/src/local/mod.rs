//! The data folder of one machine: tokens, keys and where the API listens. Files are readable by
//! their owner only.

mod files;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rand::RngCore as _;

/// What is kept in a data folder.
pub(crate) struct Local {
    dir: PathBuf,
    /// The one client's token.
    pub(crate) client_token: String,
    /// The workers' token.
    pub(crate) worker_token: String,
    /// The key webhooks are signed with.
    pub(crate) webhook_key: String,
    /// The key secrets are sealed with.
    pub(crate) seal_key: [u8; 32],
    /// Whether the client token was made just now.
    pub(crate) is_new: bool,
}

impl Local {
    /// Opens a data folder, making what isn't there. Given tokens win over kept ones.
    pub(crate) fn open(
        dir: &Path,
        client_token: Option<String>,
        worker_token: Option<String>,
    ) -> anyhow::Result<Self> {
        files::private_dir(dir)?;
        let kept = files::read(&dir.join("client.toml"))?
            .map(|text| text.parse::<toml::Table>())
            .transpose()
            .with_context(|| format!("failed to read {}", dir.join("client.toml").display()))?
            .and_then(|table| table.get("token")?.as_str().map(str::to_owned));
        let is_new = client_token.is_none() && kept.is_none();
        let client_token = match client_token.or(kept) {
            Some(token) => token,
            None => token()?,
        };
        let worker_token = match worker_token {
            Some(token) => token,
            None => files::read_or_make(&dir.join("worker.token"), token)?,
        };
        let webhook_key = files::read_or_make(&dir.join("webhook.key"), token)?;
        let key_file = dir.join("seal.key");
        // A new key would open none of the secrets that are kept already.
        anyhow::ensure!(
            key_file.exists() || !dir.join("store").join("jobs.redb").exists(),
            "{} is missing, but the store beside it holds secrets sealed with it; put the key back, \
             or move the store away to begin anew",
            key_file.display()
        );
        let key = files::read_or_make(&key_file, token)?;
        let seal_key = BASE64
            .decode(key.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .with_context(|| format!("{} holds no key", dir.join("seal.key").display()))?;
        Ok(Self {
            dir: dir.to_path_buf(),
            client_token,
            worker_token,
            webhook_key,
            seal_key,
            is_new,
        })
    }

    /// Writes down where the API is and with which token, for `avtomatika-bot`.
    pub(crate) fn announce(&self, addr: SocketAddr) -> anyhow::Result<PathBuf> {
        let path = self.dir.join("client.toml");
        let mut table = toml::Table::new();
        table.insert("url".to_owned(), url(addr).into());
        table.insert("token".to_owned(), self.client_token.clone().into());
        let text = table.to_string();
        if files::read(&path)?.as_ref() == Some(&text) {
            return Ok(path);
        }
        match files::write(&path, &text) {
            // The server is what room can be made with.
            Err(error) if files::is_full(&error) => {
                tracing::warn!(
                    error = %format!("{error:#}"),
                    "the file keeps what it said: clients may not find the server by it"
                );
            }
            written => written?,
        }
        Ok(path)
    }
}

/// The URL of a server bound to this address, as seen from the same machine.
pub(crate) fn url(addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        format!("http://127.0.0.1:{}", addr.port())
    } else {
        format!("http://{addr}")
    }
}

/// 256 random bits as text.
fn token() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    Ok(BASE64.encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn tokens_are_made_once_and_kept_private() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data");
        let first = Local::open(&dir, None, None).unwrap();
        assert!(first.is_new);
        let file = first.announce("0.0.0.0:8080".parse().unwrap()).unwrap();
        for name in ["client.toml", "worker.token", "seal.key", "webhook.key"] {
            let mode = std::fs::metadata(dir.join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains("url = \"http://127.0.0.1:8080\""), "{text}");
        let again = Local::open(&dir, None, None).unwrap();
        assert!(!again.is_new);
        assert_eq!(again.client_token, first.client_token);
        assert_eq!(again.worker_token, first.worker_token);
        assert_eq!(again.seal_key, first.seal_key);
        assert_eq!(again.webhook_key, first.webhook_key);
        std::fs::create_dir(dir.join("store")).unwrap();
        std::fs::write(dir.join("store/jobs.redb"), b"jobs").unwrap();
        std::fs::rename(dir.join("seal.key"), dir.join("kept")).unwrap();
        let lost = Local::open(&dir, None, None).err().unwrap().to_string();
        assert!(lost.contains("seal.key is missing"), "{lost}");
        std::fs::rename(dir.join("kept"), dir.join("seal.key")).unwrap();
        let given = Local::open(&dir, Some("mine".to_owned()), None).unwrap();
        assert_eq!(given.client_token, "mine");
    }

    #[test]
    fn what_is_written_down_already_needs_no_room() {
        let dir = tempfile::tempdir().unwrap();
        let local = Local::open(dir.path(), None, None).unwrap();
        local.announce(([127, 0, 0, 1], 1).into()).unwrap();
        // From here on nothing can be written.
        std::fs::create_dir(dir.path().join("client.draft")).unwrap();
        local.announce(([127, 0, 0, 1], 1).into()).unwrap();
        assert!(local.announce(([127, 0, 0, 1], 2).into()).is_err());
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(files::is_full(&anyhow::Error::new(full).context("write")));
    }
}
