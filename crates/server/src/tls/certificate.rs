//! Whom a client's certificate names, and until when.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::der::{Der, SEQUENCE};

const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
/// `commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// `subjectAltName`, 2.5.29.17.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// `UTF8String`, `PrintableString`, `IA5String`.
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];
/// `dNSName` and `uniformResourceIdentifier` among the alternative names.
const NAMES: [u8; 2] = [0x82, 0x86];

/// A certificate whose chain and key were checked in the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its common name, and the DNS names and URIs it is also for.
    names: Vec<String>,
    /// The last moment it is valid, seconds since the Unix epoch.
    not_after_s: i64,
}

impl Certificate {
    /// Reads a certificate. One that can't be read names nobody and has expired.
    pub(super) fn read(der: &[u8]) -> Self {
        parse(der).unwrap_or(Self {
            names: Vec::new(),
            not_after_s: i64::MIN,
        })
    }

    /// Whether it is this worker's.
    pub fn names(&self, worker: &str) -> bool {
        self.names.iter().any(|name| name == worker)
    }

    /// The name people know it by.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// When it stops being valid, seconds since the Unix epoch.
    pub fn not_after_s(&self) -> i64 {
        self.not_after_s
    }

    /// Whether it has expired since the handshake.
    pub fn has_expired(&self) -> bool {
        Timestamp::now().as_second() > self.not_after_s
    }
}

fn parse(der: &[u8]) -> Option<Certificate> {
    let mut certificate = Der(der).enter(SEQUENCE)?;
    let mut signed = certificate.enter(SEQUENCE)?;
    // The version is there unless it is 1; then come serial number, algorithm and issuer.
    let _ = signed.tagged(0xa0);
    signed.next()?;
    signed.tagged(SEQUENCE)?;
    signed.tagged(SEQUENCE)?;
    let validity = signed.enter(SEQUENCE)?;
    let subject = signed.enter(SEQUENCE)?;
    let mut names: Vec<String> = subject.filter_map(common_name).collect();
    if let Some(extensions) = signed.find(|(tag, _)| *tag == 0xa3) {
        let list = Der(extensions.1).enter(SEQUENCE)?;
        names.extend(list.filter_map(alternative_names).flatten());
    }
    Some(Certificate {
        names,
        not_after_s: time(validity.last()?)?,
    })
}

fn common_name((tag, set): (u8, &[u8])) -> Option<String> {
    if tag != SET {
        return None;
    }
    let mut pair = Der(set).enter(SEQUENCE)?;
    if pair.tagged(OBJECT_ID)? != COMMON_NAME {
        return None;
    }
    let (tag, text) = pair.next()?;
    TEXTS.contains(&tag).then(|| utf8(text))?
}

fn alternative_names((tag, extension): (u8, &[u8])) -> Option<Vec<String>> {
    if tag != SEQUENCE {
        return None;
    }
    let mut extension = Der(extension);
    if extension.tagged(OBJECT_ID)? != ALTERNATIVE_NAME {
        return None;
    }
    // There may be a flag before the value.
    let (_, value) = extension.find(|(tag, _)| *tag == OCTETS)?;
    let names = Der(value).enter(SEQUENCE)?;
    let named = names.filter(|(tag, _)| NAMES.contains(tag));
    Some(named.filter_map(|(_, text)| utf8(text)).collect())
}

fn utf8(text: &[u8]) -> Option<String> {
    std::str::from_utf8(text).ok().map(str::to_owned)
}

/// `UTCTime` as `YYMMDDhhmmssZ` (50 and above is of the last century), `GeneralizedTime` with a
/// year of four digits.
fn time((tag, text): (u8, &[u8])) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        0x17 if text.get(..2)?.parse::<u8>().ok()? >= 50 => format!("19{text}"),
        0x17 => format!("20{text}"),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%S", &text).ok()?;
    let at = at.to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn made(params: &CertificateParams) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_names_are_found() {
        let mut params = CertificateParams::new(vec!["w-1.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CountryName, "DE");
        params.distinguished_name.push(DnType::CommonName, "gpu-ü1");
        let uri = "spiffe://example/w-1".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        let address = "127.0.0.1".parse().unwrap();
        params.subject_alt_names.push(SanType::IpAddress(address));
        params.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let read = Certificate::read(&made(&params));
        assert_eq!(
            read.names,
            ["gpu-ü1", "w-1.example", "spiffe://example/w-1"]
        );
        // date -u -d 2031-02-03 +%s
        assert_eq!(read.not_after_s, 1_927_843_200);
        assert!(read.names("w-1.example") && !read.names("w-1"));
        assert!(!read.has_expired());
    }

    #[test]
    fn dates_have_two_forms() {
        // date -u -d @TIME
        assert_eq!(time((0x17, b"491231235959Z")), Some(2_524_607_999));
        assert_eq!(time((0x17, b"500101000000Z")), Some(-631_152_000));
        assert_eq!(time((0x18, b"20500101000000Z")), Some(2_524_608_000));
        for bad in [&b"x"[..], b"", b"Z", "ééZ".as_bytes(), b"491331235959Z"] {
            assert_eq!(time((0x17, bad)), None);
        }
    }

    #[test]
    fn garbage_names_nobody() {
        let params = CertificateParams::new(vec!["w".to_owned()]).unwrap();
        let good = made(&params);
        let nobody = Certificate::read(b"");
        assert!(nobody.names.is_empty() && nobody.has_expired());
        for end in 0..good.len() {
            let cut = Certificate::read(good.get(..end).unwrap());
            assert!(cut.has_expired(), "{end}");
        }
        // No byte out of place makes it panic.
        for at in 0..good.len() {
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                let _ = Certificate::read(&bad);
            }
        }
    }
}
