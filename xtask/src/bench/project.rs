//! The same services as a project in one file and in many, as a compose file and as JSON.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Services in each file of the project that has many.
const PER_FILE: usize = 100;

/// What is compiled: services with nine properties each, on one network.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) services: usize,
    /// Holds `one` and `many`, which are projects, `compose.yml` and `data.json`.
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
        Ok(Self { services, folder })
    }
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

const HEAD: &str = "project big edition=1\nnetwork back\n";

fn service(n: usize) -> String {
    format!(
        r#"
service svc-{n} replicas={} {{
    image "registry.example.com/team/svc-{n}:1.{}.0"
    env LOG="info" PORT="{}" DATABASE_URL="postgres://db-{}/app{n}"
    publish {} to=8080
    network back
    limits memory="256MiB" cpu=0.5
    health {{ shell "curl -fsS http://localhost:8080/health"; every "10s"; retries 3 }}
    labels team="t{}" tier="backend"
}}
"#,
        1 + n % 4,
        n % 10,
        8000 + n,
        n % 20,
        20000 + n,
        n % 7,
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
    json!({
        "image": format!("registry.example.com/team/svc-{n}:1.{}.0", n % 10),
        "environment": {
            "LOG": "info",
            "PORT": (8000 + n).to_string(),
            "DATABASE_URL": format!("postgres://db-{}/app{n}", n % 20),
        },
        "ports": [{ "target": 8080, "published": 20000 + n }],
        "networks": ["back"],
        "healthcheck": {
            "test": ["CMD-SHELL", "curl -fsS http://localhost:8080/health"],
            "interval": "10s",
            "retries": 3,
        },
        "deploy": {
            "replicas": 1 + n % 4,
            "labels": { "team": format!("t{}", n % 7), "tier": "backend" },
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
