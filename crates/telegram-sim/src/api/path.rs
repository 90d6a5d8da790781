//! Paths of the Bot API side.

use percent_encoding::percent_decode_str;

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/bot<token>/<method>` or `/bot<token>/test/<method>`.
    Method { token: String, method: String },
    /// `/file/bot<token>/<path>`.
    File { token: String, path: String },
    /// Anything else.
    Unknown,
}

impl Target {
    /// Reads a path as it stands in the request line.
    pub(crate) fn parse(path: &str) -> Self {
        let path = percent_decode_str(path).decode_utf8_lossy();
        if let Some((token, rest)) = split(&path, "/file/bot") {
            return Self::File {
                token: token.to_owned(),
                path: rest.to_owned(),
            };
        }
        let Some((token, rest)) = split(&path, "/bot") else {
            return Self::Unknown;
        };
        let method = rest.strip_prefix("test/").unwrap_or(rest);
        // The public server ignores a slash at the end.
        let method = method.strip_suffix('/').unwrap_or(method);
        Self::Method {
            token: token.to_owned(),
            method: method.to_owned(),
        }
    }
}

fn split<'a>(path: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    path.strip_prefix(prefix)?.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn reads_methods_and_files() {
        let method = |token: &str, method: &str| Target::Method {
            token: token.to_owned(),
            method: method.to_owned(),
        };
        assert_eq!(Target::parse("/bot1:a/getMe"), method("1:a", "getMe"));
        assert_eq!(Target::parse("/bot1%3Aa/getMe"), method("1:a", "getMe"));
        assert_eq!(Target::parse("/bot1:a/test/GETME"), method("1:a", "GETME"));
        assert_eq!(
            Target::parse("/botnonsense/getMe"),
            method("nonsense", "getMe")
        );
        assert_eq!(Target::parse("/bot1:a"), Target::Unknown);
        assert_eq!(Target::parse("/"), Target::Unknown);
        let file = Target::File {
            token: "1:a".to_owned(),
            path: "photos/file_1.jpg".to_owned(),
        };
        assert_eq!(Target::parse("/file/bot1:a/photos/file_1.jpg"), file);
    }
}
