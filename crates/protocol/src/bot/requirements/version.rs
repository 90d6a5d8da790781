//! Versions as PEP 440 defines and normalises them.

use super::scan::Scan;

/// A version in normal form, taken apart. Numbers stay text: they may be of any length.
pub(super) struct Version {
    epoch: String,
    release: Vec<String>,
    pre: Option<String>,
    post: Option<String>,
    dev: Option<String>,
    local: Option<String>,
}

impl Version {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut scan = Scan::new(&text);
        let _optional = scan.eat("v");
        let mut release = vec![number(&mut scan)?];
        let mut epoch = "0".to_owned();
        if scan.eat("!") {
            epoch = std::mem::replace(&mut release, vec![number(&mut scan)?]).concat();
        }
        let mut parts = Parts { scan };
        while let Some(next) = parts.release_number() {
            release.push(next);
        }
        let pre = parts.pre();
        let post = parts.post();
        let dev = parts
            .tagged(&["dev"])
            .map(|(_, number)| format!(".dev{number}"));
        let local = parts.local()?;
        parts.scan.at_end().then_some(Self {
            epoch,
            release,
            pre,
            post,
            dev,
            local,
        })
    }

    /// The normal form with all its numbers.
    pub(super) fn full(&self) -> String {
        self.write(&self.release)
    }

    /// The normal form without the zeros at the end of the release, which compare as if they
    /// were there.
    pub(super) fn shortest(&self) -> String {
        let last = self
            .release
            .iter()
            .rposition(|number| number != "0")
            .unwrap_or(0);
        self.write(self.release.get(..=last).unwrap_or(&self.release))
    }

    fn write(&self, release: &[String]) -> String {
        let epoch = if self.epoch == "0" {
            String::new()
        } else {
            format!("{}!", self.epoch)
        };
        let tags = [&self.pre, &self.post, &self.dev].into_iter().flatten();
        let local = self
            .local
            .as_ref()
            .map(|local| format!("+{local}"))
            .unwrap_or_default();
        format!(
            "{epoch}{}{}{local}",
            release.join("."),
            tags.cloned().collect::<String>()
        )
    }

    /// How many numbers the release has.
    pub(super) fn numbers(&self) -> usize {
        self.release.len()
    }

    /// Whether it has no local part (`+…`).
    pub(super) fn is_public(&self) -> bool {
        self.local.is_none()
    }

    pub(super) fn is_development(&self) -> bool {
        self.dev.is_some()
    }
}

/// Digits without leading zeros.
fn number(scan: &mut Scan<'_>) -> Option<String> {
    let digits = scan.take_while(|c| c.is_ascii_digit());
    (!digits.is_empty()).then(|| plain_number(digits))
}

fn plain_number(digits: &str) -> String {
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        number => number.to_owned(),
    }
}

/// What follows the first number, read with a step back where a separator belongs to the next
/// part.
struct Parts<'a> {
    scan: Scan<'a>,
}

impl Parts<'_> {
    fn release_number(&mut self) -> Option<String> {
        self.attempt(|scan| if scan.eat(".") { number(scan) } else { None })
    }

    fn pre(&mut self) -> Option<String> {
        let names = ["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"];
        let (name, number) = self.tagged(&names)?;
        let name = match name {
            "alpha" | "a" => "a",
            "beta" | "b" => "b",
            _ => "rc",
        };
        Some(format!("{name}{number}"))
    }

    fn post(&mut self) -> Option<String> {
        let implicit = self.attempt(|scan| if scan.eat("-") { number(scan) } else { None });
        let number = match implicit {
            Some(number) => number,
            None => self.tagged(&["post", "rev", "r"])?.1,
        };
        Some(format!(".post{number}"))
    }

    /// `[._-]name[._-]number`, separators and number optional.
    fn tagged(&mut self, names: &[&'static str]) -> Option<(&'static str, String)> {
        let name = self.attempt(|scan| {
            separator(scan);
            names.iter().copied().find(|name| scan.eat(name))
        })?;
        let number = self.attempt(|scan| {
            separator(scan);
            number(scan)
        });
        Some((name, number.unwrap_or_else(|| "0".to_owned())))
    }

    /// [`None`] if there is a local part that can't be read.
    #[expect(clippy::option_option, reason = "absent and unreadable differ")]
    fn local(&mut self) -> Option<Option<String>> {
        if !self.scan.eat("+") {
            return Some(None);
        }
        let text = self
            .scan
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        let mut parts = Vec::new();
        for part in text.split(['.', '-', '_']) {
            if part.is_empty() {
                return None;
            }
            let numeric = part.bytes().all(|b| b.is_ascii_digit());
            parts.push(if numeric {
                plain_number(part)
            } else {
                part.to_owned()
            });
        }
        Some(Some(parts.join(".")))
    }

    fn attempt<T>(&mut self, read: impl FnOnce(&mut Scan<'_>) -> Option<T>) -> Option<T> {
        let mut ahead = self.scan.clone();
        let result = read(&mut ahead);
        if result.is_some() {
            self.scan = ahead;
        }
        result
    }
}

fn separator(scan: &mut Scan<'_>) {
    let _optional = scan.eat(".") || scan.eat("-") || scan.eat("_");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_normalised_as_pep_440_says() {
        for (text, full, shortest) in [
            ("1", "1", "1"),
            ("1.0", "1.0", "1"),
            ("0.0", "0.0", "0"),
            ("1.10.0", "1.10.0", "1.10"),
            ("v01.002", "1.2", "1.2"),
            ("1.1RC1", "1.1rc1", "1.1rc1"),
            ("1.0alpha1", "1.0a1", "1a1"),
            ("1.0-beta.2", "1.0b2", "1b2"),
            ("1.0_c3", "1.0rc3", "1rc3"),
            ("1.0pre", "1.0rc0", "1rc0"),
            ("1.2preview3", "1.2rc3", "1.2rc3"),
            ("1.2-1", "1.2.post1", "1.2.post1"),
            ("1.2.rev4", "1.2.post4", "1.2.post4"),
            ("1.2r", "1.2.post0", "1.2.post0"),
            ("1.2dev", "1.2.dev0", "1.2.dev0"),
            (
                "1.2.a.1.post.2.dev.3",
                "1.2a1.post2.dev3",
                "1.2a1.post2.dev3",
            ),
            ("1!1.0", "1!1.0", "1!1"),
            ("00!1.0", "1.0", "1"),
            ("1.0+Ubuntu-01_x", "1.0+ubuntu.1.x", "1+ubuntu.1.x"),
            ("2024.01.05", "2024.1.5", "2024.1.5"),
        ] {
            let version = Version::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(version.full(), full, "{text}");
            assert_eq!(version.shortest(), shortest, "{text}");
            assert_eq!(Version::parse(full).unwrap().full(), full);
        }
        for bad in [
            "",
            "v",
            "a",
            "1.",
            ".1",
            "1..2",
            "1.0x",
            "1.0a1b2",
            "1!",
            "!1",
            "1!2!3",
            "1.0+",
            "1.0+a..b",
            "1.0+a+b",
            "1.*",
            "1.0 ",
            "1.0-",
            "1.0a.",
            "1.0.dev1.post2",
            "١",
        ] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }
}
