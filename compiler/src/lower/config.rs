//! Configs: content from a file, a text or a template, under a name that follows it.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::digest::Digest;
use skep_schema::plan::{Config, Content, Payload, Target};
use skep_schema::span::Span;
use skep_schema::spec::{self, Declared};

use super::Lower;
use super::plain::flag;

/// The first length the engine refuses; measured.
const TOO_LONG: usize = 1000 * 1024;

impl Lower<'_, '_, '_> {
    pub(super) fn configs(&mut self) {
        for (name, config) in &self.spec.configs {
            self.within(config, |lower| {
                let external = flag(config.node.external.as_ref());
                let payload = if external {
                    lower.external_config(name, config)
                } else {
                    lower.own_config(name, config)
                };
                lower.put(
                    Address::new(Kind::Config, name),
                    Target::Swarm,
                    Payload::Config(payload),
                    config,
                );
            });
        }
    }

    fn external_config(&mut self, name: &str, config: &Declared<spec::Config>) -> Config {
        self.refuse_beside_external(Kind::Config, config, &[]);
        let physical = config
            .node
            .physical
            .as_ref()
            .map_or(name, |physical| physical.value.as_str());
        Config {
            name: physical.to_owned(),
            content: None,
            labels: [].into(),
            external: true,
        }
    }

    fn own_config(&mut self, name: &str, config: &Declared<spec::Config>) -> Config {
        let bytes = self.content(config).unwrap_or_default();
        let written = config.node.physical.as_ref();
        let chosen = self.chosen(Kind::Config, name, written.map(|name| name.value.as_str()));
        let known = self.known_as(Kind::Config, name);
        Config {
            name: chosen.unwrap_or_else(|| self.content_name(&known, &bytes)),
            content: Some(Content::of(&bytes)),
            labels: self.labels(&config.node.label),
            external: false,
        }
    }

    /// `shop_api-toml-abcdefghijkl`
    pub(super) fn content_name(&self, name: &str, bytes: &[u8]) -> String {
        self.names
            .tailed(name, &Digest::of_bytes("config content", bytes).short())
    }

    fn content(&mut self, config: &Declared<spec::Config>) -> Option<Vec<u8>> {
        let spec::Config {
            file,
            text,
            template,
            ..
        } = &*config.node;
        let choices = [
            ("file", file.as_ref().map(|at| at.span)),
            ("text", text.as_ref().map(|at| at.span)),
            ("template", template.as_ref().map(|at| at.span)),
        ];
        if !self.exactly_one("config", config.name, &choices) {
            return None;
        }
        let bytes = if let Some(file) = file {
            self.file(file.value.as_str(), file.span)?.to_vec()
        } else if let Some(template) = template {
            self.template(template.value.as_str(), template.span)?
                .into_bytes()
        } else {
            self.text(&text.as_ref()?.value.0).into_bytes()
        };
        self.check_size(config, bytes.len());
        Some(bytes)
    }

    fn check_size(&mut self, config: &Declared<spec::Config>, length: usize) {
        let message = match length {
            0 => "the config is empty, and the swarm keeps no empty ones".to_owned(),
            1..TOO_LONG => return,
            TOO_LONG.. => format!(
                "the config has {length} bytes, and the swarm keeps at most {}",
                TOO_LONG - 1
            ),
        };
        self.lacks(
            Diagnostic::new(Code::WrongSize, config.name, message)
                .help("bring it in with the image, or in a volume"),
        );
    }

    /// The bytes of a file of the project; reported or wanted where they are not there.
    pub(super) fn file(&mut self, path: &str, span: Span) -> Option<&[u8]> {
        let bytes = self.cx.read(path, span);
        self.whole &= bytes.is_some();
        bytes
    }
}
