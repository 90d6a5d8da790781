//! Hashes of tokens: what is compared and kept.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A hash of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Hash {
    /// BLAKE3: made of tokens given in clear, and given as `token_blake3`.
    Blake3([u8; 32]),
    /// SHA-256: given as `token_sha256`.
    Sha256([u8; 32]),
}

impl Hash {
    /// The hash kept of a token that was given in clear.
    pub(super) fn of(token: &str) -> Self {
        Self::Blake3(*blake3::hash(token.as_bytes()).as_bytes())
    }

    /// The other hash, which a configuration may name instead.
    pub(super) fn sha256_of(token: &str) -> Self {
        Self::Sha256(Sha256::digest(token).into())
    }

    /// Whether it is a hash of this token, taking as long for a near miss as for a wild guess.
    pub(super) fn fits(&self, token: &str) -> bool {
        let given = match self {
            Self::Blake3(_) => Self::of(token),
            Self::Sha256(_) => Self::sha256_of(token),
        };
        bool::from(self.bytes().ct_eq(given.bytes()))
    }

    /// Reads 64 hex digits.
    pub(super) fn read_hex(digits: &str) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        let digits = digits.as_bytes();
        if digits.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        Some(bytes)
    }

    fn bytes(&self) -> &[u8; 32] {
        match self {
            Self::Blake3(bytes) | Self::Sha256(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_fit_their_token_only() {
        // printf test-client-token | sha256sum
        let digits = "26ace80c6eac526b6537ddfe2f817e61dfc465cd73e206501186d374eb97ca21";
        let given = Hash::Sha256(Hash::read_hex(digits).unwrap());
        assert!(given.fits("test-client-token"));
        for hash in [Hash::of("a"), Hash::sha256_of("a")] {
            assert!(hash.fits("a"));
            assert!(!hash.fits("b"));
        }
        assert!(Hash::of("a") != Hash::sha256_of("a"));
    }

    #[test]
    fn hex_is_64_digits() {
        assert_eq!(Hash::read_hex(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(Hash::read_hex(&"FF".repeat(32)), Some([255; 32]));
        for bad in [
            "",
            "0f",
            &"0g".repeat(32),
            &"0f".repeat(33),
            &"é".repeat(32),
        ] {
            assert_eq!(Hash::read_hex(bad), None, "{bad}");
        }
    }
}
