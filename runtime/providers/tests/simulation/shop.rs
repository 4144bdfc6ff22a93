//! Specs to play with, and their plans.

use std::collections::{BTreeMap, BTreeSet};

use skep_providers::secrets::{SecretBytes, Secrets};
use skep_schema::address::{Address, Kind};
use skep_schema::digest::Digest;
use skep_schema::plan::{
    Condition, Config, Content, FailureAction, FileRef, Health, HealthTest, Mode, Mount,
    MountSource, Need, Network, Order, Origin, Payload, Plan, PlanNode, PublishMode, Published,
    Secret, SecretSource, Service, Target, Volume,
};
use skep_schema::units::{Duration, FileMode};

use crate::dice::Dice;

pub(crate) const STACK: &str = "shop";

const CONFIGS: u8 = 4;
const SECRETS: u8 = 2;
const NETWORKS: u8 = 3;
const PORTS: u8 = 2;
const SERVICES: u8 = 7;
/// Images that work; those after them do not, or not at once.
const GOOD: u8 = 3;
const IMAGES: [&str; 8] = [
    "bb:0",
    "bb:1",
    "bb:2",
    "bb:model-flaky",
    "bb:model-slow",
    "bb:model-fail",
    "bb:model-missing",
    "bb:model-unhealthy",
];

/// A spec, told by small numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shop {
    /// Content of each config, value of each secret, form of each network.
    configs: BTreeMap<u8, u8>,
    secrets: BTreeMap<u8, u8>,
    networks: BTreeMap<u8, u8>,
    /// Which service publishes a port.
    ports: BTreeMap<u8, u8>,
    services: BTreeMap<u8, Part>,
}

#[derive(Clone, Debug)]
struct Part {
    image: u8,
    /// 0 to 3; above that on every node.
    replicas: u8,
    once: bool,
    config: Option<u8>,
    secret: Option<u8>,
    network: Option<u8>,
    volume: bool,
    health: bool,
    starts_first: bool,
    on_failure: u8,
    label: u8,
    /// A service with a smaller number, so that nothing needs itself.
    needs: Option<u8>,
}

impl Shop {
    pub(crate) fn any(dice: &mut Dice) -> Self {
        let mut shop = Self::default();
        let edits = dice.below(12);
        shop.edit_often(edits, dice);
        shop
    }

    pub(crate) fn edit_often(&mut self, times: u64, dice: &mut Dice) {
        for _ in 0..times {
            self.edit(dice);
        }
    }

    pub(crate) fn edit(&mut self, dice: &mut Dice) {
        match dice.below(12) {
            0 => set(&mut self.configs, dice, CONFIGS),
            1 => set(&mut self.secrets, dice, SECRETS),
            2 => set(&mut self.networks, dice, NETWORKS),
            3 => {
                let (port, service) = (dice.small(PORTS), dice.small(SERVICES));
                // Services need lower ones. A port that goes down to one that is needed is refused: an
                // apply in between has to free it.
                if self.ports.remove(&port).is_none_or(|owner| owner < service) {
                    self.ports.insert(port, service);
                }
            }
            4 => drop(self.services.remove(&dice.small(SERVICES))),
            5..=7 => {
                let number = dice.small(SERVICES);
                let part = Part::any(number, dice);
                self.services.insert(number, part);
            }
            _ => {
                let number = dice.small(SERVICES);
                if let Some(part) = self.services.get_mut(&number) {
                    part.edit(number, dice);
                }
            }
        }
    }

    /// With images that work.
    pub(crate) fn heal(&mut self) {
        for part in self.services.values_mut() {
            part.image %= GOOD;
        }
    }

    /// With services that publish nothing.
    pub(crate) fn without_ports(&self) -> Self {
        Self {
            ports: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// With one more config, so that something has to be written.
    pub(crate) fn grow(&mut self) {
        self.configs.insert(CONFIGS, 0);
    }

    pub(crate) fn secrets(&self) -> Secrets {
        let all = self.secrets.iter();
        all.fold(Secrets::default(), |secrets, (number, value)| {
            let address = Address::new(Kind::Secret, format!("k{number}"));
            secrets.with(
                address,
                SecretBytes::new(format!("value {value}").into_bytes()),
            )
        })
    }

    pub(crate) fn plan(&self) -> Plan {
        let mut nodes = BTreeMap::new();
        let mut add = |(address, payload): (Address, Payload)| {
            let node = PlanNode::new(&address, Target::Swarm, payload, Origin::default());
            nodes.insert(address, node);
        };
        self.configs.iter().map(config).for_each(&mut add);
        self.secrets.keys().copied().map(secret).for_each(&mut add);
        self.networks.iter().map(network).for_each(&mut add);
        if self.services.values().any(|part| part.volume) {
            add(volume());
        }
        for (number, part) in &self.services {
            let service = Payload::Service(Box::new(self.service(*number, part)));
            add((address(*number), service));
        }
        self.tie(&mut nodes);
        Plan::new(STACK, None, nodes)
    }

    /// A node needs what its payload names, and a service what its part says.
    fn tie(&self, nodes: &mut BTreeMap<Address, PlanNode>) {
        let holders: BTreeMap<(Kind, String), Address> = nodes
            .iter()
            .filter_map(|(address, node)| {
                let name = node.payload.physical_name()?.to_owned();
                Some(((node.payload.object()?, name), address.clone()))
            })
            .collect();
        for node in nodes.values_mut() {
            let named = node.payload.references().into_iter();
            let holders = named.filter_map(|(kind, name)| holders.get(&(kind, name.to_owned())));
            node.needs = holders
                .map(|holder| (holder.clone(), Need::Exists))
                .collect();
        }
        for (number, part) in &self.services {
            let Some((needed, other)) = part.needs.and_then(|n| self.services.get_key_value(&n))
            else {
                continue;
            };
            let need = match (other.once, part.label) {
                (true, _) => Need::Complete,
                (false, 0) => Need::Started,
                (false, _) => Need::Healthy,
            };
            if let Some(node) = nodes.get_mut(&address(*number)) {
                node.needs.insert(address(*needed), need);
            }
        }
    }

    fn service(&self, number: u8, part: &Part) -> Service {
        let image = usize::from(part.image);
        let mut service = Service {
            name: format!("{STACK}_s{number}"),
            image: IMAGES[image].to_owned(),
            replicas: Some(u32::from(part.replicas)),
            ..Service::default()
        };
        service
            .labels
            .insert("team".to_owned(), part.label.to_string());
        service.update.monitor = Some(Duration::seconds(1));
        service.update.order = part.starts_first.then_some(Order::StartFirst);
        service.update.on_failure = match part.on_failure {
            0 => Some(FailureAction::Rollback),
            1 => Some(FailureAction::Continue),
            _ => None,
        };
        if part.health {
            service.health = Some(health());
        }
        if part.volume {
            service.mounts.insert("/v".to_owned(), mount());
        }
        if part.once {
            service.mode = Mode::Once;
            service.restart.condition = Some(Condition::None);
        } else if part.replicas > 3 {
            service.mode = Mode::Global;
            service.replicas = None;
        }
        self.refer(number, part, &mut service);
        service
    }

    fn refer(&self, number: u8, part: &Part, service: &mut Service) {
        let of = |all: &BTreeMap<u8, u8>, number: Option<u8>| {
            let (number, form) = all.get_key_value(&number?)?;
            Some((*number, *form))
        };
        if let Some((config, content)) = of(&self.configs, part.config) {
            let name = config_name(config, content);
            service.configs.insert("/c".to_owned(), file(name));
        }
        if let Some((secret, _)) = of(&self.secrets, part.secret) {
            service
                .secrets
                .insert("/s".to_owned(), file(format!("{STACK}_k{secret}-*")));
        }
        if let Some((network, form)) = of(&self.networks, part.network) {
            service
                .networks
                .insert(network_name(network, form), BTreeSet::new());
        }
        let ports = self.ports.iter().filter(|(_, service)| **service == number);
        for (port, _) in ports {
            let published = Published {
                target: 80,
                mode: PublishMode::Ingress,
            };
            service
                .publish
                .insert(format!("{}/tcp", 8000 + u32::from(*port)), published);
        }
    }
}

impl Part {
    fn any(number: u8, dice: &mut Dice) -> Self {
        let images = if dice.chance(25) {
            IMAGES.len() as u64
        } else {
            u64::from(GOOD)
        };
        Self {
            image: u8::try_from(dice.below(images)).expect("there are few images"),
            replicas: dice.small(5),
            once: dice.chance(15),
            config: dice.maybe(50, CONFIGS),
            secret: dice.maybe(30, SECRETS),
            network: dice.maybe(50, NETWORKS),
            volume: dice.chance(15),
            health: dice.chance(30),
            starts_first: dice.chance(30),
            on_failure: dice.small(4),
            label: dice.small(2),
            needs: dice
                .maybe(40, number.max(1))
                .filter(|needed| *needed < number),
        }
    }

    /// One field becomes that of another part.
    fn edit(&mut self, number: u8, dice: &mut Dice) {
        let other = Self::any(number, dice);
        match dice.below(9) {
            0 | 1 => self.image = other.image,
            2 => self.replicas = other.replicas,
            3 => self.config = other.config,
            4 => self.secret = other.secret,
            5 => self.network = other.network,
            6 => self.label = other.label,
            7 => self.needs = other.needs,
            _ => self.health = other.health,
        }
    }
}

fn set(all: &mut BTreeMap<u8, u8>, dice: &mut Dice, bound: u8) {
    let (number, form) = (dice.small(bound), dice.small(3));
    if all.insert(number, form) == Some(form) {
        all.remove(&number);
    }
}

fn address(service: u8) -> Address {
    Address::new(Kind::Service, format!("s{service}"))
}

fn config_name(number: u8, content: u8) -> String {
    let digest = Digest::of_bytes("config", format!("content {content}").as_bytes());
    format!("{STACK}_c{number}-{}", digest.short())
}

fn config((number, content): (&u8, &u8)) -> (Address, Payload) {
    let config = Config {
        name: config_name(*number, *content),
        content: Some(Content::Text(format!("content {content}"))),
        labels: BTreeMap::new(),
        external: false,
    };
    let address = Address::new(Kind::Config, format!("c{number}"));
    (address, Payload::Config(config))
}

fn secret(number: u8) -> (Address, Payload) {
    let secret = Secret {
        name: format!("{STACK}_k{number}-*"),
        source: SecretSource::Env(format!("K{number}")),
        labels: BTreeMap::new(),
    };
    let address = Address::new(Kind::Secret, format!("k{number}"));
    (address, Payload::Secret(secret))
}

/// As the compiler does it: all but the plainest are named after their content.
fn network_name(number: u8, form: u8) -> String {
    match form {
        0 => format!("{STACK}_n{number}"),
        _ => format!("{STACK}_n{number}-{form}"),
    }
}

fn network((number, form): (&u8, &u8)) -> (Address, Payload) {
    let network = Network {
        name: network_name(*number, *form),
        driver: "overlay".to_owned(),
        attachable: *form > 0,
        internal: *form > 1,
        ..Network::default()
    };
    let address = Address::new(Kind::Network, format!("n{number}"));
    (address, Payload::Network(network))
}

fn volume() -> (Address, Payload) {
    let volume = Volume {
        name: format!("{STACK}_v"),
        ..Volume::default()
    };
    (Address::new(Kind::Volume, "v"), Payload::Volume(volume))
}

fn mount() -> Mount {
    let from = MountSource::Volume {
        name: format!("{STACK}_v"),
        driver: None,
        options: BTreeMap::new(),
        labels: BTreeMap::new(),
        no_copy: false,
        subpath: None,
    };
    Mount {
        from,
        read_only: false,
    }
}

fn health() -> Health {
    Health {
        test: HealthTest::Shell("true".to_owned()),
        every: Some(Duration::seconds(1)),
        timeout: None,
        retries: Some(2),
        start: None,
        start_every: None,
    }
}

fn file(source: String) -> FileRef {
    FileRef {
        source,
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: FileMode(0o444),
    }
}
