//! The signature of a delivery.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2_011::Sha256;

/// The key deliveries are signed with. Never shown.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// A key: the bytes of the text the operator has in hand.
    pub fn new(text: &str) -> Self {
        Self(text.trim().as_bytes().to_vec())
    }

    /// The value of the signature's header: `v1=` and the HMAC-SHA256, in hexadecimal, of the time
    /// in decimal, a dot, and the body.
    pub(super) fn sign(&self, timestamp_s: u64, body: &[u8]) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(timestamp_s.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        let bytes = mac.finalize().into_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("v1={hex}")
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_another_program_would() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac TEST-KEY
        let key = SigningKey::new("TEST-KEY\n");
        assert_eq!(
            key.sign(1_700_000_000, br#"{"a":1}"#),
            "v1=3cdebfddc2323288594b05112d3b8c5d1e797a4510fe109f10808b4cc28d7a76"
        );
        assert_eq!(format!("{key:?}"), "SigningKey(***)");
    }
}
