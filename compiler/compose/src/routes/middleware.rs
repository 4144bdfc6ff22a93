//! Middlewares of Traefik as words of a match.

use std::collections::BTreeMap;

use super::{Kept, Label, Router, Understood};
use crate::kdl::Item;
use crate::names;
use crate::words;

/// Adds what a middleware does to the match of a router.
pub(super) fn add(
    settings: &BTreeMap<&str, &Label>,
    router: &mut Router,
    service: &str,
    understood: &mut Understood,
) -> Result<(), Kept> {
    for (setting, label) in settings {
        let (kind, word) = setting.split_once('.').unwrap_or((setting, ""));
        match kind {
            "redirectscheme" => redirects(word, label, router)?,
            "basicauth" => password(word, label, router, service, understood)?,
            "headers" => header(word, label, router)?,
            "stripprefix" | "compress" | "retry" | "buffering" | "forwardauth" | "ratelimit"
            | "ipallowlist" | "ipwhitelist" => {
                if !simple(kind, word, label, router)? {
                    return Err(label.kept("no route says this"));
                }
            }
            _ => return Err(label.kept("no route says this")),
        }
    }
    Ok(())
}

fn redirects(word: &str, label: &Label, router: &mut Router) -> Result<(), Kept> {
    match (word, label.value.as_str()) {
        ("scheme", "https") => router.only_redirects = !router.tls,
        ("permanent", _) | ("port", "443") => {}
        (_, _) => return Err(label.kept("no route says this")),
    }
    Ok(())
}

/// The names and hashes stood in a label, and become a secret.
fn password(
    word: &str,
    label: &Label,
    router: &mut Router,
    service: &str,
    understood: &mut Understood,
) -> Result<(), Kept> {
    match word {
        "users" => {}
        "realm" | "removeheader" => return Ok(()),
        _ => return Err(label.kept("no route says this")),
    }
    let name = names::fitting(&format!("{service}-users"));
    router
        .children
        .push(Item::new("basic-auth", label.span()).prop("secret", name.clone()));
    understood.near.push((
        label.span(),
        format!("who may come in is `secret.{name}` now, a line for each as in a htpasswd file"),
    ));
    understood.secrets.push((name, label.span()));
    Ok(())
}

fn header(word: &str, label: &Label, router: &mut Router) -> Result<(), Kept> {
    let (block, name) = match word.split_once('.') {
        Some(("customrequestheaders", name)) => ("request-header", name),
        Some(("customresponseheaders", name)) => ("header", name),
        Some(_) | None => return Err(label.kept("no route says this")),
    };
    let span = label.span();
    let change = if label.value.is_empty() {
        Item::new("remove", span).arg(name)
    } else {
        Item::new("set", span).with([Item::new(name, span).arg(label.value.clone())])
    };
    match router.children.iter_mut().find(|child| child.name == block) {
        Some(there) => match there
            .children
            .iter_mut()
            .find(|child| child.name == change.name)
        {
            Some(same) => {
                same.entries.extend(change.entries);
                same.children.extend(change.children);
            }
            None => there.children.push(change),
        },
        None => router.children.push(Item::new(block, span).with([change])),
    }
    Ok(())
}

/// Whether the setting is one that a word of a match says.
fn simple(kind: &str, word: &str, label: &Label, router: &mut Router) -> Result<bool, Kept> {
    let (span, value) = (label.span(), label.value.as_str());
    let list = || value.split(',').map(|one| one.trim().to_owned());
    let number = |value: &str| words::whole(value).ok_or_else(|| label.kept("a number is wanted"));
    let item = match (kind, word) {
        ("stripprefix", "prefixes") if !value.contains(',') => {
            Item::new("strip-prefix", span).arg(value)
        }
        ("compress", "") if value == "true" => Item::new("compress", span),
        ("retry", "attempts") => Item::new("retry", span).bare(number(value)?),
        ("buffering", "maxrequestbodybytes") => {
            let size = words::size(value).ok_or_else(|| label.kept("a size is wanted"))?;
            Item::new("max-body", span).arg(size)
        }
        ("forwardauth", "address") => merged(router, "forward-auth", span).arg(value),
        ("forwardauth", "authresponseheaders") => {
            let copied: Vec<String> = list().collect();
            merged(router, "forward-auth", span).prop("copy", copied.join(" "))
        }
        ("ratelimit", "average") => merged(router, "rate-limit", span).bare(number(value)?),
        ("ratelimit", "burst") => {
            merged(router, "rate-limit", span).bare_prop("burst", number(value)?)
        }
        ("ratelimit", "period") => {
            let time = words::time(value).ok_or_else(|| label.kept("a duration is wanted"))?;
            merged(router, "rate-limit", span).prop("per", time)
        }
        ("ipallowlist" | "ipwhitelist", "sourcerange") => Item::new("allow", span).args(list()),
        (_, _) => return Ok(false),
    };
    router.children.push(item);
    Ok(true)
}

/// The node of that name, taken out to be added to, or a new one.
fn merged(router: &mut Router, name: &str, span: skep_schema::span::Span) -> Item {
    let at = router.children.iter().position(|child| child.name == name);
    at.map_or_else(|| Item::new(name, span), |at| router.children.remove(at))
}
