//! What a service mounts, in the short form and the long one.

use skep_schema::span::Span;

use super::Service;
use crate::Purpose;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::names;
use crate::path;
use crate::project::variable;
use crate::variables::{Use, is_open};
use crate::words;
use crate::yaml::{Map, Value, Yaml};

/// What is mounted, its parts still texts.
#[derive(Debug, Default)]
struct Mount {
    kind: Kind,
    source: Option<String>,
    target: String,
    read_only: bool,
    no_copy: bool,
    propagation: Option<String>,
    subpath: Option<String>,
    size: Option<String>,
    mode: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Volume,
    Bind,
    Tmpfs,
    Npipe,
}

impl Service<'_> {
    pub(super) fn volumes(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        if !matches!(value.value, Value::List(_) | Value::Null) {
            cx.invalid(
                value.span,
                "`volumes` is a list",
                "mend it: docker refuses it",
            );
        }
        for item in value.as_list().into_iter().flatten() {
            let mount = match &item.value {
                Value::Map(map) => long(cx, map),
                Value::Null | Value::Scalar(_) | Value::List(_) => {
                    let text = cx.text(item);
                    let text = text.and_then(|text| cx.splittable(&text, ':', item.span));
                    text.map(|text| short(cx, &text, item.span))
                }
            };
            if let Some(mount) = mount {
                self.mount(cx, mount, item.span);
            }
        }
    }

    pub(super) fn tmpfs(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        for at in cx.texts(value) {
            let (target, options) = at.value.split_once(':').unwrap_or((&at.value, ""));
            let mut mount = Mount {
                kind: Kind::Tmpfs,
                target: target.to_owned(),
                ..Mount::default()
            };
            for option in options.split(',').filter(|option| !option.is_empty()) {
                match option.split_once('=') {
                    Some(("size", size)) => mount.size = words::size(size),
                    Some(("mode", mode)) => mount.mode = words::mode(&format!("0{mode}")),
                    Some(_) | None => cx.dropped(
                        at.span,
                        format!("Swarm has no option `{option}` for a tmpfs"),
                        "`size` and `mode` are what there is",
                    ),
                }
            }
            self.mount(cx, mount, at.span);
        }
    }

    fn mount(&mut self, cx: &mut Cx<'_>, mount: Mount, span: Span) {
        let mut item = Item::new("mount", span);
        item = match (mount.kind, &mount.source) {
            (Kind::Tmpfs, _) => item.bare("tmpfs"),
            (Kind::Npipe, source) => item.prop("npipe", source.clone().unwrap_or_default()),
            (Kind::Bind, Some(source)) => {
                let source = bound(cx, source, span);
                item.prop("bind", source)
            }
            (Kind::Bind, None) => {
                cx.dropped(span, "a bind without a source", "say what is mounted");
                return;
            }
            (Kind::Volume, source) => {
                let name = self.volume(cx, source.as_deref(), &mount.target, span);
                item.prop("volume", name)
            }
        };
        item = item.prop("to", mount.target);
        if mount.read_only {
            item = item.bare("read-only");
        }
        if mount.no_copy && mount.kind == Kind::Volume {
            item = item.bare("no-copy");
        }
        for (word, text) in [
            ("propagation", mount.propagation),
            ("subpath", mount.subpath),
            ("size", mount.size),
        ] {
            if let Some(text) = text {
                item = item.prop(word, text);
            }
        }
        if let Some(mode) = mount.mode {
            item = item.bare_prop("mode", mode);
        }
        self.push(item);
    }

    /// The name of a volume in the project; one that nothing declares is declared.
    fn volume(
        &mut self,
        cx: &mut Cx<'_>,
        source: Option<&str>,
        target: &str,
        span: Span,
    ) -> String {
        let literal = source.and_then(|source| cx.literal(source, span));
        let Some(source) = literal else {
            let service = names::fitting(&self.key.value);
            let folder = names::fitting(
                target
                    .rsplit('/')
                    .find(|part| !part.is_empty())
                    .unwrap_or("data"),
            );
            let name = names::fitting(&format!("{service}-{folder}"));
            if source.is_none() {
                cx.near(span, format!("a volume without a name is new for every task; here it is `{name}`, and keeps its data"), "mount a tmpfs where nothing has to be kept");
            }
            self.declare(&name, span);
            return name;
        };
        self.names.used.insert(("volume", source.clone()));
        if let Some(name) = self.names.volumes.get(&source) {
            return name.clone();
        }
        let name = names::fitting(&source);
        cx.near(
            span,
            format!(
                "nothing declares the volume `{source}`, which docker refuses; it is declared here"
            ),
            "declare it under `volumes`",
        );
        self.declare(&name, span);
        name
    }

    fn declare(&mut self, name: &str, span: Span) {
        if !self.names.volumes.values().any(|there| there == name) {
            let item = Item::new("volume", span).arg(name);
            self.names.made.entry(name.to_owned()).or_insert(item);
        }
    }
}

/// `[SOURCE:]TARGET[:OPTION,..]`
fn short(cx: &mut Cx<'_>, text: &str, span: Span) -> Mount {
    let parts = split(text);
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, options, ..] => (Some(*source), *target, *options),
        [] => (None, text, ""),
    };
    let mut mount = Mount {
        kind: kind_of(cx, source),
        source: source.map(str::to_owned),
        target: target.to_owned(),
        ..Mount::default()
    };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => mount.read_only = true,
            "rw" | "z" | "Z" | "cached" | "delegated" | "consistent" => {}
            "nocopy" => mount.no_copy = true,
            "volume" | "volume-nocopy" => {}
            word if is_propagation(word) => mount.propagation = Some(word.to_owned()),
            word => cx.dropped(
                span,
                format!("no mount has an option `{word}`"),
                "look how it is spelled",
            ),
        }
    }
    mount
}

/// The parts between colons; the colon of a drive of Windows is none.
fn split(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut start = 0;
    for at in 0..bytes.len() {
        let drive = at == start + 1
            && bytes[start].is_ascii_alphabetic()
            && matches!(bytes.get(at + 1), Some(b'\\' | b'/'));
        let windows = drive && bytes.get(at + 1) == Some(&b'\\');
        if bytes[at] == b':' && !windows {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A source that looks like a path is bound; a variable is what it is now, or else a path.
fn kind_of(cx: &Cx<'_>, source: Option<&str>) -> Kind {
    let Some(source) = source else {
        return Kind::Volume;
    };
    if source.starts_with("\\\\.\\pipe") {
        return Kind::Npipe;
    }
    let text = if is_open(source) {
        cx.variables.literal(source)
    } else {
        None
    };
    let text = text.as_deref().unwrap_or(source);
    let path = text.starts_with(['/', '.', '~', '\\']) || text.get(1..3) == Some(":\\");
    if path || is_open(text) {
        Kind::Bind
    } else {
        Kind::Volume
    }
}

fn is_propagation(word: &str) -> bool {
    [
        "private", "rprivate", "shared", "rshared", "slave", "rslave",
    ]
    .contains(&word)
}

/// A path of the nodes; one that begins at the compose file or at home does so at a parameter.
fn bound(cx: &mut Cx<'_>, source: &str, span: Span) -> String {
    if let Purpose::Project {
        folder: Some(folder),
    } = &cx.request.purpose
        && source.starts_with('.')
    {
        return path::join(folder, &path::join(cx.folder(span), source));
    }
    let (place, rest) = if source.starts_with('.') {
        let joined = path::join(cx.folder(span), source);
        if joined.starts_with("..") {
            ("STACK_DIR", format!("/{joined}"))
        } else if joined.is_empty() {
            ("STACK_DIR", String::new())
        } else {
            ("STACK_DIR", format!("/{joined}"))
        }
    } else if let Some(rest) = source.strip_prefix('~') {
        ("HOME", rest.to_owned())
    } else {
        return source.to_owned();
    };
    let what = if place == "HOME" {
        "home"
    } else {
        "the folder of the compose file"
    };
    let name = names::kebab(place);
    cx.near(
        span,
        format!(
            "`{}` begins at {what}, and the swarm has many disks; it begins at `param.{name}` here",
            if is_open(source) { "it" } else { source }
        ),
        format!(
            "say where the files are on the nodes: -p {name}=/srv/..; or make the files configs"
        ),
    );
    match folder(cx, place, what, span) {
        Some(letter) => format!("{letter}{rest}"),
        None => source.to_owned(),
    }
}

/// The letter of a folder that only whoever deploys knows.
fn folder(cx: &mut Cx<'_>, place: &'static str, what: &str, span: Span) -> Option<char> {
    if let Some(letter) = cx.places.get(place) {
        return Some(*letter);
    }
    let known = cx.variables.known(place).is_some();
    let letter = if known {
        variable(cx, place, span, false)
    } else {
        cx.variables.add(Use {
            name: place.to_owned(),
            span,
            default: None,
            message: Some(format!("where {what} is on the nodes")),
            shown: None,
            ty: None,
            secret: false,
            optional: false,
        })
    }?;
    cx.places.insert(place, letter);
    Some(letter)
}

fn long(cx: &mut Cx<'_>, map: &Map) -> Option<Mount> {
    let mut mount = Mount::default();
    for (key, value) in &map.entries {
        match key.value.as_str() {
            "type" => {
                mount.kind = match cx.text(value)?.as_str() {
                    "volume" => Kind::Volume,
                    "bind" => Kind::Bind,
                    "tmpfs" => Kind::Tmpfs,
                    "npipe" => Kind::Npipe,
                    other => {
                        cx.dropped(
                            value.span,
                            format!("the language has no mounts of type `{other}`"),
                            "mount a volume or a bind",
                        );
                        return None;
                    }
                }
            }
            "source" | "src" => mount.source = cx.text(value),
            "target" | "dst" | "destination" => mount.target = cx.text(value)?,
            "read_only" | "readonly" => mount.read_only = cx.flag(value)?,
            "consistency" => cx.remark(key.span, "says nothing to Linux"),
            "bind" | "volume" | "tmpfs" => details(cx, &mut mount, value),
            _ => cx.dropped(
                key.span,
                "a mount has no such setting",
                "look how it is spelled",
            ),
        }
    }
    mount.source = mount.source.filter(|source| !source.is_empty());
    Some(mount)
}

fn details(cx: &mut Cx<'_>, mount: &mut Mount, value: &Yaml) {
    let Some(map) = cx.map(value) else { return };
    for (key, value) in &map.entries {
        match key.value.as_str() {
            "propagation" => mount.propagation = cx.text(value).filter(|text| text != "rprivate"),
            "nocopy" => mount.no_copy = cx.flag(value).unwrap_or_default(),
            "subpath" => mount.subpath = cx.text(value),
            "size" => {
                let text = cx.spelled(value);
                mount.size =
                    text.and_then(|text| cx.typed(&text, value.span, "bytes", words::size));
            }
            "mode" => mount.mode = cx.spelled(value).and_then(|text| words::mode(&text)),
            "create_host_path" => cx.remark(key.span, "Swarm makes no folders; it has to be there"),
            _ => cx.dropped(
                key.span,
                "a mount has no such setting",
                "look how it is spelled",
            ),
        }
    }
}
