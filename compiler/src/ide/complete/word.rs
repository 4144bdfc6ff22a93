//! Words of the language: nodes, and properties as children or on the line.

use skep_schema::lang::{Field, NodeInfo, Shape, Type, written};
use skep_schema::spec::{Param, STRUCTURE};
use skep_schema::{address::Kind, lang::Decode as _};

use super::name::Names;
use super::{Completion, Form, MARK, Offered};
use crate::ide::describe::choices;
use crate::ide::meaning::{Meaning, OVERLAY_WORDS, top};
use crate::syntax::NodeRef;

/// What a node can begin with here.
pub(super) fn words(
    names: &Names<'_>,
    node: NodeRef<'_>,
    around: &[(NodeRef<'_>, Meaning)],
) -> Vec<Completion> {
    let Some((outer, meaning)) = around.last() else {
        return top().map(block).collect();
    };
    if outer.name().text == "use" {
        return params(names, *outer, Form::Bare);
    }
    let siblings: Vec<&str> = outer.children().map(|child| child.name().text).collect();
    let written = |word: &str| word != node.name().text && siblings.contains(&word);
    match meaning {
        Meaning::Block(info) => fields(info, written),
        Meaning::Overlay(info) => {
            let mut all = fields(info, written);
            all.extend(OVERLAY_WORDS.iter().map(|word| overlay(word)));
            all
        }
        Meaning::Body(_) => {
            let structure = STRUCTURE.iter().filter(|info| info.word == "use");
            let kinds = skep_schema::spec::KINDS.iter().chain(structure);
            kinds.copied().chain([Param::INFO]).map(block).collect()
        }
        Meaning::Value(_) | Meaning::Entry(_) | Meaning::Unknown => Vec::new(),
    }
}

/// The fields of a block that can be written as children, but for those that are there already.
fn fields(info: &'static NodeInfo, written: impl Fn(&str) -> bool) -> Vec<Completion> {
    let children = info.fields.iter().filter(|field| match field.shape {
        Shape::Arg { .. } | Shape::Args { .. } | Shape::Rest => false,
        Shape::Nodes { .. } | Shape::Set { .. } => true,
        Shape::Value { .. }
        | Shape::Flag
        | Shape::List { .. }
        | Shape::Map { .. }
        | Shape::Node { .. }
        | Shape::Any => !written(field.word),
    });
    children.map(|field| child(info, field)).collect()
}

/// A kind of node with what it cannot do without.
fn block(info: &'static NodeInfo) -> Completion {
    let mut nth = 0;
    let head = required(info, &mut nth);
    let has_block = info.fields.iter().any(|field| {
        !matches!(field.shape, Shape::Arg { .. } | Shape::Args { .. }) && !is_required(field)
    });
    let is_short = matches!(
        info.word,
        "import" | "include" | "moved" | "adopt" | "forget" | "export" | "allow"
    );
    let body = if has_block && !is_short {
        " {\n    $0\n}"
    } else {
        ""
    };
    Completion {
        label: info.word.to_owned(),
        sort: Offered::Block,
        detail: first_sentence(info.doc),
        text: info.word.to_owned(),
        snippet: Some(format!("{}{head}{body}", info.word)),
        topic: info.name.to_owned(),
    }
}

/// A property or a block inside another one.
fn child(info: &'static NodeInfo, field: &'static Field) -> Completion {
    let mut nth = 0;
    let snippet = match field.shape {
        Shape::Node { info } | Shape::Nodes { info, .. } => {
            let head = required(info, &mut nth);
            let body = if head.is_empty() { " { $0 }" } else { "" };
            format!("{}{head}{body}", field.word)
        }
        Shape::Map { .. } => format!("{} {{\n    $0\n}}", field.word),
        Shape::Flag => field.word.to_owned(),
        Shape::Value { ty, .. } | Shape::List { ty } | Shape::Set { ty } => {
            format!("{} {}", field.word, hole(ty, "", &mut nth))
        }
        Shape::Arg { .. } | Shape::Args { .. } | Shape::Any | Shape::Rest => {
            format!("{} $0", field.word)
        }
    };
    Completion {
        label: field.word.to_owned(),
        sort: if field.shape.inner().is_some() {
            Offered::Block
        } else {
            Offered::Property
        },
        detail: written(field),
        text: field.word.to_owned(),
        snippet: Some(snippet),
        topic: format!("{}/{}", info.name, field.word),
    }
}

fn overlay(word: &str) -> Completion {
    let detail = match word {
        "remove" => "takes a property away",
        "append" => "adds to a list",
        _ => "puts a block in the place of another",
    };
    Completion {
        label: word.to_owned(),
        sort: Offered::Property,
        detail: detail.to_owned(),
        text: word.to_owned(),
        snippet: None,
        topic: String::new(),
    }
}

/// Properties that can stand on a node's line.
pub(super) fn properties(
    names: &Names<'_>,
    node: NodeRef<'_>,
    meaning: Meaning,
    form: Form,
) -> Vec<Completion> {
    if node.name().text == "use" {
        return params(names, node, form);
    }
    let Some(info) = meaning.info() else {
        return Vec::new();
    };
    let here = |word: &str| {
        node.prop(word).is_some() || node.children().any(|child| child.name().text == word)
    };
    let on_line = info.fields.iter().filter(|field| match field.shape {
        Shape::Value { .. } | Shape::Flag => !here(field.word),
        Shape::Arg { .. }
        | Shape::Args { .. }
        | Shape::List { .. }
        | Shape::Set { .. }
        | Shape::Map { .. }
        | Shape::Node { .. }
        | Shape::Nodes { .. }
        | Shape::Any
        | Shape::Rest => false,
    });
    on_line.map(|field| property(info, field, form)).collect()
}

fn property(info: &'static NodeInfo, field: &'static Field, form: Form) -> Completion {
    let is_flag = matches!(field.shape, Shape::Flag);
    let (text, snippet) = match field.shape.ty() {
        _ if is_flag || form == Form::Bare => (field.word.to_owned(), None),
        Some(ty) => {
            let hole = hole(ty, "", &mut 0);
            (
                format!("{}=", field.word),
                Some(format!("{}={hole}", field.word)),
            )
        }
        None => (format!("{}=", field.word), None),
    };
    Completion {
        label: field.word.to_owned(),
        sort: Offered::Property,
        detail: written(field),
        text,
        snippet,
        topic: format!("{}/{}", info.name, field.word),
    }
}

/// The parameters of the component that is used.
fn params(names: &Names<'_>, used: NodeRef<'_>, form: Form) -> Vec<Completion> {
    let component = used.args().next().and_then(super::text_of);
    let Some(component) = component.and_then(|name| names.index.component(name)) else {
        return Vec::new();
    };
    let given = |name: &str| {
        used.prop(name).is_some() || used.children().any(|child| child.name().text == name)
    };
    let params = component
        .children()
        .filter(|child| child.name().text == "param");
    let open = params.filter_map(|param| Some((param, super::labelled(param)?)));
    let all = open.filter(|(_, name)| !given(name) && !name.contains(MARK));
    all.map(|(param, name)| Completion {
        label: name.to_owned(),
        sort: Offered::Param,
        detail: super::name::about_param(param),
        text: match form {
            Form::Bare => name.to_owned(),
            Form::WithValue => format!("{name}="),
        },
        snippet: None,
        topic: String::new(),
    })
    .collect()
}

const fn is_required(field: &Field) -> bool {
    matches!(
        field.shape,
        Shape::Arg { required: true, .. } | Shape::Value { required: true, .. }
    )
}

/// The places of what a node must have: its arguments, then its properties.
fn required(info: &NodeInfo, nth: &mut usize) -> String {
    let fields = info.fields.iter().filter(|field| is_required(field));
    fields
        .map(|field| match field.shape {
            Shape::Value { ty, .. } => format!(" {}={}", field.word, hole(ty, "", nth)),
            shape => format!(
                " {}",
                hole(shape.ty().unwrap_or(Type::Name), field.word, nth)
            ),
        })
        .collect()
}

/// A place to fill in, in quotes where such values need them.
fn hole(ty: Type, name: &str, nth: &mut usize) -> String {
    *nth += 1;
    let words = choices(Some(ty));
    if !words.is_empty() {
        return format!("${{{nth}|{}|}}", words.join(","));
    }
    let hole = if name.is_empty() {
        format!("${nth}")
    } else {
        format!("${{{nth}:{name}}}")
    };
    match ty {
        Type::Text
        | Type::Str
        | Type::Duration
        | Type::Bytes
        | Type::Cidr
        | Type::UrlPath
        | Type::Url
        | Type::Path
        | Type::File
        | Type::Image
        | Type::Cron
        | Type::Expression
        | Type::Address => format!("\"{hole}\""),
        Type::Int
        | Type::Bool
        | Type::Scalar
        | Type::EnvValue
        | Type::Cpu
        | Type::Ratio
        | Type::Mode
        | Type::Port
        | Type::Ports
        | Type::Name
        | Type::Ip
        | Type::Host
        | Type::HeaderName
        | Type::OneOf(_)
        | Type::Ref(_)
        | Type::PortRef => hole,
    }
}

pub(super) fn first_sentence(doc: &str) -> String {
    let text = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text.find(". ").map_or(text.len(), |at| at);
    text[..end].trim_end_matches('.').to_owned()
}

/// The kinds an overlay can name.
pub(super) fn kinds() -> Vec<Completion> {
    let kinds = Kind::ALL.iter().filter(|kind| **kind != Kind::Param);
    kinds
        .map(|kind| Completion {
            label: kind.word().to_owned(),
            sort: Offered::Block,
            detail: "kind of node".to_owned(),
            text: kind.word().to_owned(),
            snippet: None,
            topic: String::new(),
        })
        .collect()
}
