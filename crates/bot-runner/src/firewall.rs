//! What may leave a bot's network: the public internet, the resolvers, and nothing else.
//!
//! The engine's own rules don't keep a container from services of the host, not even on an
//! internal network. Two chains of our own do, one reached from `INPUT` and one from
//! `DOCKER-USER`. They match by interface, which a container can't forge. Each runner (by prefix
//! and pool) has its own pair; setting them is atomic and can be done any number of times.

use std::net::Ipv4Addr;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::network::Bridges;

/// Where no bot goes. Sources: RFC 1918 (private), 6598 (carrier NAT), 3927 (link-local, where
/// clouds keep their metadata service), 6890 (special purposes), 2544 (benchmarks).
const CLOSED: [&str; 11] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// The rules of one runner.
#[derive(Clone, Debug)]
pub(crate) struct Firewall {
    bridges: Bridges,
    resolvers: Vec<Ipv4Addr>,
    /// The port of this machine that bots may reach: `telegram-sim`'s.
    host_port: Option<u16>,
    /// A `telegram-sim` at an address that would be closed otherwise.
    open: Option<(Ipv4Addr, u16)>,
}

/// Why the rules could not be set.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command could not be run.
    #[error("run {command}")]
    Run {
        /// Which command.
        command: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The command refused.
    #[error("{command}: {message}")]
    Refused {
        /// Which command.
        command: String,
        /// What it wrote to its standard error.
        message: String,
    },
}

impl Firewall {
    pub(crate) fn new(
        bridges: Bridges,
        resolvers: Vec<Ipv4Addr>,
        host_port: Option<u16>,
        open: Option<(Ipv4Addr, u16)>,
    ) -> Self {
        Self {
            bridges,
            resolvers,
            host_port,
            open,
        }
    }

    /// Makes the rules be there.
    pub(crate) async fn install(&self) -> Result<(), Error> {
        feed(
            "iptables-restore",
            &["-w", "10", "--noflush"],
            &self.rules(),
        )
        .await?;
        for (from, to) in [("INPUT", self.input()), ("DOCKER-USER", self.forward())] {
            jump("iptables", from, &to).await?;
        }
        // Containers have no IPv6 here; this keeps it so if somebody turns it on. A host
        // without ip6tables has no IPv6 firewall to add to.
        let six = format!(
            "*filter\n:{0} - [0:0]\n-A {0} -i {1} -j DROP\nCOMMIT\n",
            self.input(),
            self.bridges.bots_pattern()
        );
        if feed("ip6tables-restore", &["-w", "10", "--noflush"], &six)
            .await
            .is_ok()
        {
            for from in ["INPUT", "FORWARD"] {
                if let Err(error) = jump("ip6tables", from, &self.input()).await {
                    tracing::debug!(%error, "no IPv6 rules");
                }
            }
        }
        Ok(())
    }

    /// Takes the rules away again.
    pub(crate) async fn remove(&self) {
        for (command, from, chain) in [
            ("iptables", "INPUT", self.input()),
            ("iptables", "DOCKER-USER", self.forward()),
            ("ip6tables", "INPUT", self.input()),
            ("ip6tables", "FORWARD", self.input()),
        ] {
            let unjumped = run(command, &["-w", "10", "-D", from, "-j", &chain]).await;
            tracing::debug!(command, from, ok = unjumped.is_ok(), "jump removed");
        }
        for (command, chain) in [
            ("iptables", self.input()),
            ("iptables", self.forward()),
            ("ip6tables", self.input()),
        ] {
            for verb in ["-F", "-X"] {
                let removed = run(command, &["-w", "10", verb, &chain]).await;
                tracing::debug!(command, verb, ok = removed.is_ok(), "chain removed");
            }
        }
    }

    fn input(&self) -> String {
        format!("AVTOMATIKA-IN-{}", self.bridges.mark)
    }

    fn forward(&self) -> String {
        format!("AVTOMATIKA-FWD-{}", self.bridges.mark)
    }

    /// Both chains in `iptables-restore`'s form: naming a chain empties it, and all of it takes
    /// effect at once.
    fn rules(&self) -> String {
        let (input, forward) = (self.input(), self.forward());
        let (bots, build) = (self.bridges.bots_pattern(), self.bridges.build());
        let mut rules = vec![
            "*filter".to_owned(),
            format!(":{input} - [0:0]"),
            format!(":{forward} - [0:0]"),
        ];
        // To this machine.
        if let Some(port) = self.host_port {
            rules.push(format!(
                "-A {input} -i {bots} -p tcp --dport {port} -j ACCEPT"
            ));
        }
        for resolver in &self.resolvers {
            for protocol in ["udp", "tcp"] {
                let to = format!("-d {resolver}/32 -p {protocol} --dport 53");
                for bridge in [&bots, &build] {
                    rules.push(format!("-A {input} -i {bridge} {to} -j ACCEPT"));
                }
                rules.push(format!("-A {forward} -i {bots} {to} -j RETURN"));
            }
        }
        for bridge in [&bots, &build] {
            rules.push(format!("-A {input} -i {bridge} -j DROP"));
        }
        // Through this machine.
        if let Some((address, port)) = self.open {
            let to = format!("-d {address}/32 -p tcp --dport {port}");
            rules.push(format!("-A {forward} -i {bots} {to} -j RETURN"));
        }
        for range in CLOSED {
            rules.push(format!("-A {forward} -i {bots} -d {range} -j DROP"));
        }
        // Package indexes are often private; metadata services and bots are never one.
        rules.push(format!("-A {forward} -i {build} -d 169.254.0.0/16 -j DROP"));
        for bridge in [&bots, &build] {
            rules.push(format!(
                "-A {forward} -o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
            ));
            rules.push(format!("-A {forward} -o {bridge} -j DROP"));
        }
        rules.push("COMMIT\n".to_owned());
        rules.join("\n")
    }
}

/// Puts the jump first in the chain, once.
async fn jump(command: &str, from: &str, to: &str) -> Result<(), Error> {
    if run(command, &["-w", "10", "-C", from, "-j", to])
        .await
        .is_err()
    {
        run(command, &["-w", "10", "-I", from, "1", "-j", to]).await?;
    }
    Ok(())
}

async fn run(command: &str, args: &[&str]) -> Result<(), Error> {
    feed(command, args, "").await
}

async fn feed(command: &str, args: &[&str], input: &str) -> Result<(), Error> {
    let failed = |source| Error::Run {
        command: command.to_owned(),
        source,
    };
    let mut child = Command::new(command)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await.map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Refused {
        command: format!("{command} {}", args.join(" ")),
        message,
    })
}

/// The resolvers of this machine, as the engine reads them: loopback ones are asked by the
/// engine itself, from the host, and need no rule.
pub(crate) fn host_resolvers() -> Vec<Ipv4Addr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    resolvers_in(&text)
}

fn resolvers_in(text: &str) -> Vec<Ipv4Addr> {
    text.lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("nameserver")?
                .trim()
                .parse::<Ipv4Addr>()
                .ok()
        })
        .filter(|address| !address.is_loopback())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::pool::Pool;

    fn firewall(port: Option<u16>) -> Firewall {
        let bridges = Bridges::of("test", Pool::default());
        Firewall::new(bridges, vec![Ipv4Addr::new(10, 0, 0, 53)], port, None)
    }

    #[test]
    fn everything_from_bots_to_the_host_is_dropped_but_for_the_named() {
        let rules = firewall(Some(8081)).rules();
        let input: Vec<_> = rules
            .lines()
            .filter(|line| line.contains("-A AVTOMATIKA-IN"))
            .collect();
        assert!(input.first().unwrap().contains("--dport 8081 -j ACCEPT"));
        assert!(
            input
                .iter()
                .rev()
                .take(2)
                .all(|line| line.ends_with("-j DROP"))
        );
        assert!(!firewall(None).rules().contains("8081"));
    }

    #[test]
    fn resolvers_come_before_the_closed_ranges() {
        let rules = firewall(None).rules();
        let open = rules
            .find("-d 10.0.0.53/32 -p udp --dport 53 -j RETURN")
            .unwrap();
        let closed = rules.find("-d 10.0.0.0/8 -j DROP").unwrap();
        assert!(open < closed);
        assert!(
            firewall(None).forward().len() <= 28,
            "iptables' limit on chain names"
        );
    }

    #[test]
    fn only_resolvers_beyond_this_machine_need_a_rule() {
        let text = "# x\nnameserver 127.0.0.53\nnameserver 10.1.2.3\n nameserver fe80::1\nsearch a";
        assert_eq!(resolvers_in(text), [Ipv4Addr::new(10, 1, 2, 3)]);
    }
}
