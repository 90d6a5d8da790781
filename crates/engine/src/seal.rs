//! Sealing of secrets: AES-256-GCM under a key of this installation.
//!
//! A secret value is replaced by `{"$sealed": "<key id>.<nonce and ciphertext, base64>"}` before
//! anything is written, and opened only into the parameters sent to the worker that runs the
//! task. The client's id is bound in as associated data, so that a sealed value copied into
//! another client's job does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use rand::RngCore;
use serde_json::{Map, Value};

/// The key of a sealed value.
pub const MARK: &str = "$sealed";
/// What a secret reads as everywhere but at its worker.
pub const HIDDEN: &str = "***";
const NONCE_BYTES: usize = 12;

/// Seals and opens secrets.
pub struct Sealer {
    cipher: Aes256Gcm,
    key_id: String,
}

/// Why a sealed value did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealed under another key.
    #[error("the secret was sealed under another key")]
    OtherKey,
    /// Not a sealed value of this client.
    #[error("the secret is damaged or belongs to another client")]
    Damaged,
}

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: [u8; 32]) -> Self {
        let digest = blake3::derive_key("avtomatika seal key id v1", &key);
        let key_id = digest.iter().take(4).fold(String::new(), |mut text, byte| {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self {
            cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)),
            key_id,
        }
    }

    /// Seals every leaf below `value`, keeping its shape, so that keys stay readable.
    /// What is sealed already stays as it is.
    pub fn seal_leaves(&self, value: &mut Value, owner: &str) {
        if sealed_text(value).is_some() {
            return;
        }
        match value {
            Value::Object(map) => {
                map.values_mut()
                    .for_each(|inner| self.seal_leaves(inner, owner));
            }
            Value::Array(items) => {
                items
                    .iter_mut()
                    .for_each(|inner| self.seal_leaves(inner, owner));
            }
            Value::Null => {}
            leaf => *leaf = self.seal(leaf, owner),
        }
    }

    fn seal(&self, value: &Value, owner: &str) -> Value {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let text = value.to_string();
        let payload = Payload {
            msg: text.as_bytes(),
            aad: owner.as_bytes(),
        };
        // AES-GCM fails only for messages of 64 GiB and more.
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .unwrap_or_default();
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        let mut map = Map::new();
        map.insert(
            MARK.to_owned(),
            format!("{}.{}", self.key_id, BASE64.encode(bytes)).into(),
        );
        Value::Object(map)
    }

    /// Opens every sealed value in `value`.
    ///
    /// # Errors
    /// When one of them does not open.
    pub fn open_all(&self, value: &mut Value, owner: &str) -> Result<(), SealError> {
        if let Some(text) = sealed_text(value) {
            *value = self.open(text, owner)?;
            return Ok(());
        }
        match value {
            Value::Object(map) => map
                .values_mut()
                .try_for_each(|inner| self.open_all(inner, owner)),
            Value::Array(items) => items
                .iter_mut()
                .try_for_each(|inner| self.open_all(inner, owner)),
            _ => Ok(()),
        }
    }

    fn open(&self, text: &str, owner: &str) -> Result<Value, SealError> {
        let (key_id, body) = text.split_once('.').ok_or(SealError::Damaged)?;
        if key_id != self.key_id {
            return Err(SealError::OtherKey);
        }
        let bytes = BASE64.decode(body).map_err(|_| SealError::Damaged)?;
        let (nonce, sealed) = bytes
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::Damaged)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Damaged)?;
        let payload = Payload {
            msg: sealed,
            aad: owner.as_bytes(),
        };
        let opened = self
            .cipher
            .decrypt(&Nonce::from(nonce), payload)
            .map_err(|_| SealError::Damaged)?;
        serde_json::from_slice(&opened).map_err(|_| SealError::Damaged)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

fn sealed_text(value: &Value) -> Option<&str> {
    let map = value.as_object()?;
    if map.len() != 1 {
        return None;
    }
    map.get(MARK)?.as_str()
}

/// Whether a sealed value is anywhere in `value`.
pub fn holds_sealed(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key(MARK) || map.values().any(holds_sealed),
        Value::Array(items) => items.iter().any(holds_sealed),
        _ => false,
    }
}

/// Replaces every sealed value by `***`.
pub fn hide(value: &mut Value) {
    if sealed_text(value).is_some() {
        *value = Value::String(HIDDEN.to_owned());
        return;
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_only() {
        let sealer = Sealer::new([7; 32]);
        let clear = json!({"A": "secret", "B": ["x", 1], "C": null});
        let mut value = clear.clone();
        sealer.seal_leaves(&mut value, "alice");
        assert!(!value.to_string().contains("secret"));
        assert!(holds_sealed(&value));
        let mut stolen = value.clone();
        assert_eq!(sealer.open_all(&mut stolen, "bob"), Err(SealError::Damaged));
        let mut other = value.clone();
        assert_eq!(
            Sealer::new([8; 32]).open_all(&mut other, "alice"),
            Err(SealError::OtherKey)
        );
        let mut shown = value.clone();
        hide(&mut shown);
        assert_eq!(shown, json!({"A": "***", "B": ["***", "***"], "C": null}));
        sealer.open_all(&mut value, "alice").unwrap();
        assert_eq!(value, clear);
    }
}
