//! `skep explain`

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::edit::{Origin, Property, origins};
use skep_compiler::{Allowed, Compiled, Decision, EDITIONS, Edition};
use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::Code;
use skep_schema::lang::nearest;
use skep_schema::plan::{Payload, PlanNode, Target};
use skep_schema::value::Value;

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep explain SK3001          what a diagnostic means and how to mend it
  skep explain service.api     where a node comes from, what it became, what hangs on it
  skep explain service.api -e prod
  skep explain service.api.limits.memory   where one value comes from
  skep explain edition         what is meant by what a spec leaves out";

/// Say what a diagnostic means, or why a node is as it is
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// A code such as SK3001, an address such as service.api, one of its values, or `edition`
    #[arg(value_name = "CODE|ADDRESS|edition", add = ArgValueCompleter::new(complete::explained))]
    what: String,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let what = options.what.as_str();
    if let Some(code) = Code::parse(what) {
        let info = code.info();
        print(&format!(
            "{}: {}\n\n{}",
            info.code, info.title, info.explain
        ))?;
        return Ok(Exit::Done);
    }
    if what == "edition" {
        print(&editions())?;
        return Ok(Exit::Done);
    }
    let Ok(of) = what.parse::<Property>() else {
        return Err(Failure::new(
            Exit::Failed,
            format!("`{what}` is neither a code nor an address"),
        )
        .help(
            "codes look like SK3001, addresses like service.api; `edition` is a word of its own",
        ));
    };
    let session = Session::open(global)?;
    let compiled = session.compile()?;
    let (set, written) = session.written()?;
    let found = origins(&set, &written, &of.address);
    // What is made from a node, as a gateway's config, is an address of its own.
    let made = what.parse::<Address>().ok().filter(|address| {
        let mut nodes = compiled.plan.iter().flat_map(|plan| plan.nodes.keys());
        of.path.is_empty() || nodes.any(|known| known == address)
    });
    print(&match made {
        Some(address) => describe(&compiled, &address, &found)?,
        None => of_value(&of, &found)?,
    })?;
    Ok(Exit::Done)
}

/// Where one value comes from, or those of a block.
fn of_value(of: &Property, all: &[Origin]) -> Result<String, Failure> {
    let path = of.to_string();
    let own = |origin: &&Origin| {
        let full = format!("{}.{}", of.address, origin.path);
        full == path || full.starts_with(&format!("{path}."))
    };
    let found: Vec<&Origin> = all.iter().filter(own).collect();
    if found.is_empty() {
        let message = format!("`{path}` is written nowhere");
        let help = format!("`skep explain {}` says what decides it", of.address);
        return Err(Failure::new(Exit::Failed, message).help(help));
    }
    let lines: String = found.into_iter().map(places).collect();
    Ok(format!("{path}\n\n{lines}"))
}

/// Where the values of a node are written, and what decides them.
fn values(all: &[Origin]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: String = all.iter().map(places).collect();
    format!("\nWhere its values come from:\n\n{lines}")
}

fn places(origin: &Origin) -> String {
    let mut out = format!("  {}\n", origin.path);
    for step in &origin.steps {
        let place = format!("{}:{}", step.file, step.line);
        out.push_str(&format!(
            "    {place}  {}  ({})\n",
            step.written, step.place
        ));
    }
    out
}

fn describe(compiled: &Compiled, address: &Address, all: &[Origin]) -> Result<String, Failure> {
    let nodes = compiled.plan.iter().flat_map(|p| &p.nodes);
    let Some((_, node)) = nodes.clone().find(|(a, _)| *a == address) else {
        let names: Vec<String> = nodes.map(|(a, _)| a.to_string()).collect();
        let failure = Failure::new(Exit::Failed, format!("the plan has no `{address}`"));
        return Err(
            match nearest(&address.to_string(), names.iter().map(String::as_str)) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`skep graph` lists all addresses"),
            },
        );
    };
    let mut out = format!("{address}\n");
    out.push_str(&origin(node));
    out.push_str(&format!("  digest      {}\n", node.digest));
    if let Some(name) = node.payload.physical_name() {
        out.push_str(&format!("  in swarm    {name}\n"));
    }
    for (needed, need) in &node.needs {
        let need = to_json(need);
        out.push_str(&format!(
            "  waits for   {needed} ({})\n",
            need.trim().trim_matches('"')
        ));
    }
    out.push_str(&dependents(compiled, address));
    out.push_str(&allowed(compiled, address));
    out.push_str(&values(all));
    if is_of_others(address, node) {
        out.push_str("\nWhat is known of it, which somebody else makes:\n\n");
        out.push_str(&value(&node.payload));
        return Ok(out);
    }
    out.push_str("\nWhat it became, with the edition's defaults filled in:\n\n");
    out.push_str(&value(&node.payload));
    out.push_str(&decisions(compiled, address));
    Ok(out)
}

/// Whether another stack makes it, so that no default of ours is about it.
fn is_of_others(address: &Address, node: &PlanNode) -> bool {
    let is_referred_to = address.kind == Kind::Service && node.target == Target::Declared;
    is_referred_to || (node.payload.is_external() && node.payload.as_node().is_none())
}

/// What the project's edition decides for nodes of this kind, each with its reason.
fn decisions(compiled: &Compiled, address: &Address) -> String {
    let Some(edition) = Edition::of(compiled.spec.edition) else {
        return String::new();
    };
    let kind = format!("{}.", address.kind.word());
    let of_kind = edition.decisions.iter();
    let lines: String = of_kind
        .filter_map(|d| Some(decision(d.property.strip_prefix(&kind)?, d)))
        .collect();
    if lines.is_empty() {
        return lines;
    }
    format!(
        "\nWhere the spec is silent, edition {} decides:\n\n{lines}",
        edition.number
    )
}

fn decision(property: &str, decision: &Decision) -> String {
    let Decision {
        property: _,
        value,
        engine,
        why,
    } = decision;
    format!("  {property}  {value}\n    not {engine}, as the engine: {why}\n")
}

/// All that the editions decide.
fn editions() -> String {
    let of_edition = |edition: &Edition| {
        let lines: String = edition
            .decisions
            .iter()
            .map(|d| decision(d.property, d))
            .collect();
        format!(
            "edition {}, written as `project NAME edition={0}`, decides where a spec is silent:\n\n{lines}",
            edition.number
        )
    };
    let all: Vec<String> = EDITIONS.iter().map(of_edition).collect();
    format!(
        "{}\nA decision never changes inside an edition. Other defaults are in docs/language.md.\n",
        all.join("\n")
    )
}

fn origin(node: &PlanNode) -> String {
    let place = node.origin.place();
    let mut out = match place.as_str() {
        "" => "  written     nowhere: it is made from other nodes\n".to_owned(),
        place => format!("  written     {place}\n"),
    };
    if let Some(used_at) = &node.origin.used_at {
        out.push_str(&format!("  used at     {used_at}\n"));
    }
    if let Some(item_at) = &node.origin.item_at {
        out.push_str(&format!("  for item    {item_at}\n"));
    }
    out
}

fn dependents(compiled: &Compiled, address: &Address) -> String {
    let all: Vec<String> = compiled
        .graph
        .dependents(address)
        .iter()
        .map(|(a, e)| format!("{a} ({})", e.kind.word()))
        .collect();
    all.iter()
        .map(|line| format!("  wanted by   {line}\n"))
        .collect()
}

/// The lints that may stand in the node, in what the use that made it makes, or in the whole project,
/// each with the reason.
fn allowed(compiled: &Compiled, address: &Address) -> String {
    let uses = compiled.spec.uses(address.kind, &address.name);
    let holds = |allow: &&Allowed| match (&allow.node, allow.used) {
        (Some(node), _) => node == address,
        (None, Some(at)) => uses.iter().any(|used| used.at == at),
        (None, None) => true,
    };
    let own = compiled.allowed.iter().filter(holds);
    own.map(|allow| {
        let file = compiled.sources.path(allow.place.file);
        let at = compiled
            .sources
            .position(allow.place.file, allow.place.start);
        format!(
            "  allows      {}: {} ({file}:{})\n",
            allow.code, allow.reason, at.line
        )
    })
    .collect()
}

/// The payload as indented lines, one leaf each.
fn value(payload: &Payload) -> String {
    let mut out = String::new();
    let mut open: Vec<(usize, String, Value)> = vec![(1, String::new(), payload.value())];
    while let Some((depth, key, value)) = open.pop() {
        let indent = "  ".repeat(depth);
        match value {
            Value::Map(map) => {
                if !key.is_empty() {
                    out.push_str(&format!("{indent}{key}\n"));
                }
                let inner = if key.is_empty() { depth } else { depth + 1 };
                open.extend(map.into_iter().rev().map(|(k, v)| (inner, k, v)));
            }
            Value::Text(text) if text.contains('\n') => {
                out.push_str(&format!("{indent}{key}\n"));
                text.lines()
                    .for_each(|line| out.push_str(&format!("{indent}  | {line}\n")));
            }
            leaf @ (Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Text(_)
            | Value::List(_)) => {
                let text = serde_json::to_string(&leaf).expect("values are plain data");
                out.push_str(&format!("{indent}{key}  {text}\n"));
            }
        }
    }
    out
}
