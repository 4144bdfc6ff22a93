//! The same services as a project in one file and in many, as a compose file, as JSON and in other
//! configuration languages.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::languages;

/// Services in each file of the project that has many.
const PER_FILE: usize = 100;

/// What is compiled: services with nine properties each, on one network.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) services: usize,
    /// Holds `one` and `many`, which are projects, `compose.yml`, `data.json` and the files of other
    /// languages.
    pub(super) folder: PathBuf,
}

impl Project {
    pub(super) fn write(services: usize, folder: &Path) -> Result<Self, String> {
        let folder = folder.join(services.to_string());
        let all: Vec<String> = (0..services).map(service).collect();
        let one = format!("{HEAD}\n{}", all.concat());
        let data = serde_json::to_string_pretty(&compose(services)).map_err(|e| e.to_string())?;
        put(&folder.join("one/skep.kdl"), &one)?;
        let root = format!("{HEAD}include \"services/*.kdl\"\n");
        put(&folder.join("many/skep.kdl"), &root)?;
        for (number, part) in all.chunks(PER_FILE).enumerate() {
            let path = format!("many/services/{number:03}.kdl");
            put(&folder.join(path), &part.concat())?;
        }
        put(&folder.join("compose.yml"), &yaml(&compose(services)))?;
        put(&folder.join("data.json"), &data)?;
        for (name, text) in languages::files(services) {
            put(&folder.join(name), &text)?;
        }
        Ok(Self { services, folder })
    }
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// What differs from one service to the next.
pub(super) struct Figures {
    pub(super) replicas: usize,
    pub(super) minor: usize,
    pub(super) port: usize,
    pub(super) db: usize,
    pub(super) published: usize,
    pub(super) team: usize,
}

impl Figures {
    pub(super) const fn of(n: usize) -> Self {
        Self {
            replicas: 1 + n % 4,
            minor: n % 10,
            port: 8000 + n,
            db: n % 20,
            published: 20000 + n,
            team: n % 7,
        }
    }
}

const HEAD: &str = "project big edition=1\nnetwork back\n";

fn service(n: usize) -> String {
    let Figures {
        replicas,
        minor,
        port,
        db,
        published,
        team,
    } = Figures::of(n);
    format!(
        r#"
service svc-{n} replicas={replicas} {{
    image "registry.example.com/team/svc-{n}:1.{minor}.0"
    env LOG="info" PORT="{port}" DATABASE_URL="postgres://db-{db}/app{n}"
    publish {published} to=8080
    network back
    limits memory="256MiB" cpu=0.5
    health {{ shell "curl -fsS http://localhost:8080/health"; every "10s"; retries 3 }}
    labels team="t{team}" tier="backend"
}}
"#
    )
}

/// The services as a compose file has them.
fn compose(services: usize) -> Value {
    let all = (0..services).map(|n| (format!("svc-{n}"), compose_service(n)));
    json!({
        "version": "3.8",
        "networks": { "back": { "driver": "overlay" } },
        "services": Value::Object(all.collect()),
    })
}

fn compose_service(n: usize) -> Value {
    let Figures {
        replicas,
        minor,
        port,
        db,
        published,
        team,
    } = Figures::of(n);
    json!({
        "image": format!("registry.example.com/team/svc-{n}:1.{minor}.0"),
        "environment": {
            "LOG": "info",
            "PORT": port.to_string(),
            "DATABASE_URL": format!("postgres://db-{db}/app{n}"),
        },
        "ports": [{ "target": 8080, "published": published }],
        "networks": ["back"],
        "healthcheck": {
            "test": ["CMD-SHELL", "curl -fsS http://localhost:8080/health"],
            "interval": "10s",
            "retries": 3,
        },
        "deploy": {
            "replicas": replicas,
            "labels": { "team": format!("t{team}"), "tier": "backend" },
            "resources": { "limits": { "memory": "256M", "cpus": "0.5" } },
        },
    })
}

/// In block style, as people write it.
fn yaml(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

fn block(to: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let (Value::Object(_) | Value::Array(_)) = value else {
        to.push_str(&format!(" {value}\n"));
        return;
    };
    if depth > 0 {
        to.push('\n');
    }
    let members = value.as_object().into_iter().flatten();
    for (key, member) in members {
        to.push_str(&format!("{indent}{key}:"));
        block(to, member, depth + 1);
    }
    for item in value.as_array().into_iter().flatten() {
        match item {
            Value::Object(_) | Value::Array(_) => {
                to.push_str(&format!("{indent}-"));
                block(to, item, depth + 1);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                to.push_str(&format!("{indent}- {item}\n"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_nests_maps_and_lists_by_indentation() {
        let value = json!({ "a": { "b": ["x", { "c": 1 }], "d": true } });
        let expected = "a:\n  b:\n    - \"x\"\n    -\n      c: 1\n  d: true\n";
        assert_eq!(yaml(&value), expected);
    }
}
