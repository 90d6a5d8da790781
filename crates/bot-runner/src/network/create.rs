//! Making and removing networks.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use avtomatika_protocol::Failure;
use bollard::Docker;
use bollard::models::{Ipam, IpamConfig, Network as EngineNetwork, NetworkCreateRequest};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptions};
use tokio::sync::Mutex;

use super::bridge::Bridges;
use super::pool::{Pool, parse_cidr};
use crate::{engine, failure};

/// How many subnets are tried when other programs take them at the same time.
const ATTEMPTS_MAX: usize = 32;

/// Hands out subnets.
pub(crate) struct Networks {
    docker: Docker,
    pool: Pool,
    pub(crate) bridges: Bridges,
    /// Held from choosing a subnet until the engine has it.
    choosing: Mutex<()>,
}

/// A network that exists.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Network {
    pub(crate) name: String,
    /// This machine's address in it.
    pub(crate) gateway: Ipv4Addr,
}

impl Networks {
    pub(crate) fn new(docker: Docker, pool: Pool, bridges: Bridges) -> Self {
        Self {
            docker,
            pool,
            bridges,
            choosing: Mutex::new(()),
        }
    }

    /// Makes a bot's network in the first free subnet, or takes the one of that name.
    pub(crate) async fn create_for_bot(
        &self,
        name: &str,
        labels: HashMap<String, String>,
    ) -> Result<Network, Failure> {
        let _choosing = self.choosing.lock().await;
        let existing = self.list().await?;
        // The engine lets two networks have one name, so it must not come to that.
        if let Some(network) = existing.iter().find(|it| it.name.as_deref() == Some(name)) {
            return described(name, network.ipam.as_ref());
        }
        let taken = subnets(existing);
        let free = self
            .pool
            .bot_subnets()
            .filter(|subnet| !taken.iter().any(|other| other.overlaps(*subnet)))
            .take(ATTEMPTS_MAX);
        for subnet in free {
            match self
                .create(name, subnet, &self.bridges.bot(), labels.clone())
                .await
            {
                Ok(network) => return Ok(network),
                Err(error) if engine::is_overlap(&error) => {}
                Err(error) if engine::is_conflict(&error) => return self.find(name).await,
                Err(error) => return Err(engine::failed("create the bot's network", &error)),
            }
        }
        Err(failure::pool_exhausted())
    }

    /// Makes sure the network that dependencies are installed in exists.
    pub(crate) async fn ensure_build(
        &self,
        name: &str,
        labels: HashMap<String, String>,
    ) -> Result<(), Failure> {
        let _choosing = self.choosing.lock().await;
        if self.find(name).await.is_ok() {
            return Ok(());
        }
        let bridge = self.bridges.build();
        match self
            .create(name, self.pool.build_subnet(), &bridge, labels)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if engine::is_conflict(&error) => Ok(()),
            Err(error) => Err(engine::failed("create the build network", &error)),
        }
    }

    /// The network of this name.
    pub(crate) async fn find(&self, name: &str) -> Result<Network, Failure> {
        let network = self
            .docker
            .inspect_network(name, None::<InspectNetworkOptions>)
            .await
            .map_err(|error| engine::failed("read the bot's network", &error))?;
        described(name, network.ipam.as_ref())
    }

    /// Removes a network; one that is gone already is fine.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), Failure> {
        engine::gone_is_fine(self.docker.remove_network(name).await)
            .map_err(|error| engine::failed("remove the bot's network", &error))
    }

    async fn list(&self) -> Result<Vec<EngineNetwork>, Failure> {
        let networks = self.docker.list_networks(None::<ListNetworksOptions>).await;
        networks.map_err(|error| engine::failed("list networks", &error))
    }

    async fn create(
        &self,
        name: &str,
        subnet: Pool,
        bridge: &str,
        labels: HashMap<String, String>,
    ) -> Result<Network, bollard::errors::Error> {
        let gateway = subnet.gateway();
        let config = IpamConfig {
            subnet: Some(subnet.to_string()),
            gateway: Some(gateway.to_string()),
            ..IpamConfig::default()
        };
        let options = HashMap::from([
            (
                "com.docker.network.bridge.name".to_owned(),
                bridge.to_owned(),
            ),
            // No two containers of this network talk to each other either.
            (
                "com.docker.network.bridge.enable_icc".to_owned(),
                "false".to_owned(),
            ),
        ]);
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam {
                config: Some(vec![config]),
                ..Ipam::default()
            }),
            options: Some(options),
            labels: Some(labels),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await?;
        Ok(Network {
            name: name.to_owned(),
            gateway,
        })
    }
}

fn subnets(networks: Vec<EngineNetwork>) -> Vec<Pool> {
    networks
        .into_iter()
        .filter_map(|network| network.ipam?.config)
        .flatten()
        .filter_map(|config| parse_cidr(&config.subnet?))
        .collect()
}

fn described(name: &str, ipam: Option<&Ipam>) -> Result<Network, Failure> {
    let configs = ipam
        .and_then(|ipam| ipam.config.as_ref())
        .into_iter()
        .flatten();
    let gateway = configs
        .filter_map(|config| config.gateway.as_ref()?.parse().ok())
        .next();
    let gateway = gateway
        .ok_or_else(|| failure::container("read the bot's network", &"it has no gateway"))?;
    Ok(Network {
        name: name.to_owned(),
        gateway,
    })
}
