//! What can be asked of the model's networks, configs and secrets, and what it refuses.

use std::collections::BTreeMap;

use skep_schema::plan;

use super::names;
use super::refusal::{Refusal, Reply};
use super::world::{Config, Meta, Network, Secret, World};

type Labels = BTreeMap<String, String>;

/// The first length the engine refuses.
const CONFIG_LIMIT: usize = 1000 * 1024;
const SECRET_LIMIT: usize = 500 * 1024;

/// Networks every engine has.
pub(crate) const PREDEFINED: [&str; 4] = ["ingress", "host", "none", "bridge"];

/// Those that come with the engine; none is the engine's choice.
const DRIVERS: [&str; 7] = ["", "overlay", "bridge", "host", "macvlan", "ipvlan", "null"];

impl World {
    pub fn create_config(&mut self, name: &str, labels: Labels, data: &[u8]) -> Reply<String> {
        names::file(name)?;
        sized("config", data, CONFIG_LIMIT)?;
        if is_taken(&self.configs, name) {
            return Err(Refusal::exists(&format!("config {name} already exists")));
        }
        let meta = self.meta();
        let id = meta.id.clone();
        let content = plan::Content::of(data);
        self.configs.insert(
            name.to_owned(),
            Config {
                meta,
                labels,
                content,
            },
        );
        Ok(id)
    }

    /// Only labels can be changed; `data` may be left out or repeated.
    pub fn update_config(
        &mut self,
        name: &str,
        version: u64,
        labels: Labels,
        data: Option<&[u8]>,
    ) -> Reply<()> {
        let index = self.index + 1;
        let config = self
            .configs
            .get_mut(name)
            .ok_or_else(|| Refusal::not_found("config", name))?;
        let same = data.is_none_or(|data| plan::Content::of(data) == config.content);
        relabel(
            &mut config.meta,
            &mut config.labels,
            version,
            labels,
            same,
            (index, self.clock),
        )?;
        self.index = index;
        Ok(())
    }

    pub fn remove_config(&mut self, name: &str) -> Reply<()> {
        self.configs
            .get(name)
            .ok_or_else(|| Refusal::not_found("config", name))?;
        let users = self.users(|service| service.configs.values().any(|file| file.source == name));
        unused("config", name, &users)?;
        self.configs.remove(name);
        self.index += 1;
        Ok(())
    }

    pub fn create_secret(&mut self, name: &str, labels: Labels, data: &[u8]) -> Reply<String> {
        names::file(name)?;
        sized("secret", data, SECRET_LIMIT)?;
        if is_taken(&self.secrets, name) {
            return Err(Refusal::exists(&format!("secret {name} already exists")));
        }
        let meta = self.meta();
        let id = meta.id.clone();
        let print = self.print(data);
        self.secrets.insert(
            name.to_owned(),
            Secret {
                meta,
                labels,
                print,
            },
        );
        Ok(id)
    }

    /// Only labels can be changed; `data` may be left out or repeated.
    pub fn update_secret(
        &mut self,
        name: &str,
        version: u64,
        labels: Labels,
        data: Option<&[u8]>,
    ) -> Reply<()> {
        let index = self.index + 1;
        let print = data.map(|data| self.print(data));
        let secret = self
            .secrets
            .get_mut(name)
            .ok_or_else(|| Refusal::not_found("secret", name))?;
        let same = print.is_none_or(|print| print == secret.print);
        relabel(
            &mut secret.meta,
            &mut secret.labels,
            version,
            labels,
            same,
            (index, self.clock),
        )?;
        self.index = index;
        Ok(())
    }

    pub fn remove_secret(&mut self, name: &str) -> Reply<()> {
        self.secrets
            .get(name)
            .ok_or_else(|| Refusal::not_found("secret", name))?;
        let users = self.users(|service| service.secrets.values().any(|file| file.source == name));
        unused("secret", name, &users)?;
        self.secrets.remove(name);
        self.index += 1;
        Ok(())
    }

    pub fn create_network(&mut self, spec: plan::Network) -> Reply<String> {
        let name = spec.name.clone();
        // The engine looks for an empty name and finds the first network there is.
        let exists = name.is_empty() || self.has_network(&name);
        if exists {
            let message = format!("network with name {name} already exists");
            return Err(Refusal::plain(409, message));
        }
        if !DRIVERS.contains(&spec.driver.as_str()) {
            let message = format!("plugin \"{}\" not found", spec.driver);
            return Err(Refusal::plain(404, message));
        }
        if let Some(range) = spec.subnets.iter().find(|range| !is_range(&range.subnet)) {
            let subnet = &range.subnet;
            let message = format!("Invalid subnet {subnet} : invalid CIDR address: {subnet}");
            return Err(Refusal::plain(500, message));
        }
        names::service(&name)?;
        if is_taken(&self.networks, &name) {
            return Err(Refusal::unknown("name conflicts with an existing object"));
        }
        let meta = self.meta();
        let id = meta.id.clone();
        self.networks.insert(name, Network { meta, spec });
        Ok(id)
    }

    pub fn remove_network(&mut self, name: &str) -> Reply<()> {
        let network = self
            .networks
            .get(name)
            .ok_or_else(|| Refusal::not_found("network", name))?;
        let id = &network.meta.id;
        if let Some(service) = self
            .services
            .values()
            .find(|service| service.spec.networks.contains_key(name))
        {
            let user = &service.meta.id;
            return Err(Refusal::precondition(&format!(
                "network {id} is in use by service {user}"
            )));
        }
        let uses = |task: &&super::world::Task| {
            task.is_wanted() && !task.state.has_ended() && task.template.networks.contains_key(name)
        };
        if let Some(task) = self.tasks().find(uses) {
            return Err(Refusal::precondition(&format!(
                "network {id} is in use by task {}",
                task.id
            )));
        }
        self.networks.remove(name);
        self.index += 1;
        Ok(())
    }

    fn users(&self, uses: impl Fn(&plan::Service) -> bool) -> Vec<&str> {
        let using = self
            .services
            .iter()
            .filter(|(_, service)| uses(&service.spec));
        using.map(|(name, _)| name.as_str()).collect()
    }
}

/// `10.1.0.0/16`
fn is_range(text: &str) -> bool {
    let parts = text.split_once('/');
    let parsed = parts.and_then(|(address, bits)| {
        let address: std::net::IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        Some((address, bits))
    });
    parsed.is_some_and(|(address, bits)| bits <= if address.is_ipv4() { 32 } else { 128 })
}

/// Names are one in any spelling.
pub(crate) fn is_taken<T>(objects: &BTreeMap<String, T>, name: &str) -> bool {
    objects.keys().any(|taken| taken.eq_ignore_ascii_case(name))
}

fn sized(kind: &str, data: &[u8], limit: usize) -> Reply<()> {
    if data.is_empty() || data.len() >= limit {
        return Err(Refusal::invalid(&format!(
            "{kind} data must be larger than 0 and less than {limit} bytes"
        )));
    }
    Ok(())
}

fn unused(kind: &str, name: &str, users: &[&str]) -> Reply<()> {
    let services = match users {
        [] => return Ok(()),
        [_] => "service",
        [_, _, ..] => "services",
    };
    let users = users.join(", ");
    Err(Refusal::invalid(&format!(
        "{kind} '{name}' is in use by the following {services}: {users}"
    )))
}

fn relabel(
    meta: &mut Meta,
    old: &mut Labels,
    version: u64,
    new: Labels,
    same_content: bool,
    (index, clock): (u64, u64),
) -> Reply<()> {
    if !same_content {
        return Err(Refusal::only_labels());
    }
    if version != meta.version {
        return Err(Refusal::out_of_sequence());
    }
    meta.touch(index, clock);
    *old = new;
    Ok(())
}

#[cfg(test)]
mod tests {
    use skep_schema::plan::FileRef;

    use super::*;

    fn world() -> World {
        World::new([7; 32])
    }

    fn none() -> Labels {
        Labels::new()
    }

    fn text<T: std::fmt::Debug>(reply: Reply<T>) -> (u16, String) {
        let refusal = reply.expect_err("the engine refuses it");
        (refusal.status, refusal.message)
    }

    fn invalid(text: &str) -> (u16, String) {
        (
            400,
            format!("rpc error: code = InvalidArgument desc = {text}"),
        )
    }

    fn service(name: &str, config: &str) -> plan::Service {
        let file = FileRef {
            source: config.to_owned(),
            uid: "0".to_owned(),
            gid: "0".to_owned(),
            mode: skep_schema::units::FileMode(0o444),
        };
        plan::Service {
            name: name.to_owned(),
            image: "bb:1".to_owned(),
            configs: BTreeMap::from([("/c".to_owned(), file)]),
            ..plan::Service::default()
        }
    }

    #[test]
    fn a_name_is_given_once() {
        let mut world = world();
        world
            .create_config("c", none(), b"x")
            .expect("the name is free");
        world
            .create_secret("s", none(), b"x")
            .expect("the name is free");
        let network = plan::Network {
            name: "n".to_owned(),
            ..plan::Network::default()
        };
        world
            .create_network(network.clone())
            .expect("the name is free");
        let exists = |text: &str| {
            (
                409,
                format!("rpc error: code = AlreadyExists desc = {text}"),
            )
        };
        assert_eq!(
            text(world.create_config("c", none(), b"y")),
            exists("config c already exists")
        );
        assert_eq!(
            text(world.create_secret("s", none(), b"y")),
            exists("secret s already exists")
        );
        assert_eq!(
            text(world.create_network(network)),
            (409, "network with name n already exists".to_owned())
        );
        let ingress = plan::Network {
            name: "ingress".to_owned(),
            ..plan::Network::default()
        };
        assert_eq!(text(world.create_network(ingress)).0, 409);
    }

    #[test]
    fn sizes_have_limits() {
        let mut world = world();
        let config = invalid("config data must be larger than 0 and less than 1024000 bytes");
        let secret = invalid("secret data must be larger than 0 and less than 512000 bytes");
        assert_eq!(text(world.create_config("c", none(), b"")), config);
        assert_eq!(
            text(world.create_config("c", none(), &vec![b'x'; 1_024_000])),
            config
        );
        assert_eq!(text(world.create_secret("s", none(), b"")), secret);
        assert_eq!(
            text(world.create_secret("s", none(), &vec![b'x'; 512_000])),
            secret
        );
        world
            .create_config("c", none(), &vec![b'x'; 1_023_999])
            .expect("the longest config");
        world
            .create_secret("s", none(), &vec![b'x'; 511_999])
            .expect("the longest secret");
    }

    #[test]
    fn content_stays_and_labels_change() {
        let mut world = world();
        world.create_config("c", none(), b"x").expect("free");
        world.create_secret("s", none(), b"x").expect("free");
        let labels = Labels::from([("a".to_owned(), "b".to_owned())]);
        let (config, secret) = (
            world.configs["c"].meta.version,
            world.secrets["s"].meta.version,
        );
        let refused = invalid("only updates to Labels are allowed");
        assert_eq!(
            text(world.update_config("c", config, none(), Some(b"y"))),
            refused
        );
        assert_eq!(
            text(world.update_secret("s", secret, none(), Some(b"y"))),
            refused
        );
        world
            .update_config("c", config, labels.clone(), Some(b"x"))
            .expect("the same data");
        world
            .update_secret("s", secret, labels.clone(), None)
            .expect("no data");
        assert_eq!(
            (&world.configs["c"].labels, &world.secrets["s"].labels),
            (&labels, &labels)
        );
    }

    #[test]
    fn a_stale_version_is_out_of_sequence() {
        let mut world = world();
        world.create_config("c", none(), b"x").expect("free");
        let version = world.configs["c"].meta.version;
        world
            .update_config("c", version, none(), None)
            .expect("the version is right");
        let (status, message) = text(world.update_config("c", version, none(), None));
        assert_eq!(status, 500);
        assert_eq!(
            message,
            "rpc error: code = Unknown desc = update out of sequence"
        );
    }

    #[test]
    fn what_is_used_stays() {
        let mut world = world();
        world.create_config("c", none(), b"x").expect("free");
        world
            .create_service(service("one", "c"))
            .expect("the config is there");
        let (status, message) = text(world.remove_config("c"));
        assert_eq!(
            (status, message),
            invalid("config 'c' is in use by the following service: one")
        );
        world
            .create_service(service("two", "c"))
            .expect("the config is there");
        assert_eq!(
            text(world.remove_config("c")),
            invalid("config 'c' is in use by the following services: one, two")
        );
        world.remove_service("one").expect("it is there");
        world.remove_service("two").expect("it is there");
        world.remove_config("c").expect("nobody uses it");
    }

    #[test]
    fn a_used_network_names_its_user_by_id() {
        let mut world = world();
        let network = plan::Network {
            name: "n".to_owned(),
            ..plan::Network::default()
        };
        let network = world.create_network(network).expect("free");
        let spec = plan::Service {
            name: "one".to_owned(),
            image: "bb:1".to_owned(),
            networks: BTreeMap::from([("n".to_owned(), std::collections::BTreeSet::new())]),
            ..plan::Service::default()
        };
        let user = world.create_service(spec).expect("the network is there");
        assert_eq!(
            text(world.remove_network("n")),
            (
                400,
                format!(
                    "rpc error: code = FailedPrecondition desc = network {network} is in use by service {user}"
                )
            )
        );
        world.remove_service("one").expect("it is there");
        world
            .remove_network("n")
            .expect("tasks on their way out do not count");
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let mut world = world();
        assert_eq!(
            text(world.remove_config("x")),
            (404, "config x not found".to_owned())
        );
        assert_eq!(
            text(world.remove_secret("x")),
            (404, "secret x not found".to_owned())
        );
        assert_eq!(
            text(world.remove_network("x")),
            (404, "network x not found".to_owned())
        );
        assert_eq!(
            text(world.remove_service("x")),
            (404, "service x not found".to_owned())
        );
    }
}
