//! Names of the network interfaces, by which firewall rules tell our traffic.

use rand::Rng as _;

use super::pool::Pool;

/// The interfaces of one runner: at most 15 bytes each, the kernel's limit.
#[derive(Clone, Debug)]
pub(crate) struct Bridges {
    /// Four hex digits that keep runners with other prefixes or pools apart.
    pub(crate) mark: String,
}

impl Bridges {
    pub(crate) fn of(prefix: &str, pool: Pool) -> Self {
        let mut mark = blake3::hash(format!("{prefix} {pool}").as_bytes())
            .to_hex()
            .to_string();
        mark.truncate(4);
        Self { mark }
    }

    /// An interface for one bot's network.
    pub(crate) fn bot(&self) -> String {
        format!(
            "avb{}-{:07x}",
            self.mark,
            rand::rng().random::<u32>() & 0xfff_ffff
        )
    }

    /// What matches all bots' interfaces in a rule.
    pub(crate) fn bots_pattern(&self) -> String {
        format!("avb{}-+", self.mark)
    }

    /// The build network's interface.
    pub(crate) fn build(&self) -> String {
        format!("avd{}", self.mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_names_fit_the_kernel_and_the_pattern() {
        let bridges = Bridges::of("avotest", Pool::default());
        let name = bridges.bot();
        assert!(name.len() <= 15 && bridges.build().len() <= 15);
        assert!(name.starts_with(bridges.bots_pattern().trim_end_matches('+')));
        assert_ne!(bridges.mark, Bridges::of("other", Pool::default()).mark);
    }
}
