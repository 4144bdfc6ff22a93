//! Who is told what happens, and how.

use std::collections::BTreeMap;

use hyper::Uri;
use skep_providers::web::is_private;
use skep_schema::api::access::Scope;
use skep_schema::daemon::{self, NoticeKind};
use skep_schema::diagnostic::Code;
use skep_schema::span::{At, Span};
use skep_schema::spec::Url;

use super::check::{Found, Once, exactly_one, path_of, refuse};
use super::{Address, Channel, MailLogin, Way};

/// What is told unless a channel says otherwise: all that somebody may have to act upon.
const TOLD: [NoticeKind; 6] = [
    NoticeKind::Failed,
    NoticeKind::Drift,
    NoticeKind::Unhealthy,
    NoticeKind::Recovered,
    NoticeKind::Source,
    NoticeKind::Approval,
];

/// By their names.
pub(super) fn all(channels: &[daemon::Channel], found: &mut Found) -> BTreeMap<String, Channel> {
    let mut once = Once::default();
    let mut all = BTreeMap::new();
    for one in channels {
        once.take(one.name.value.as_str(), one.name.span, "the channel", found);
        if let Some(channel) = channel(one, found) {
            all.insert(one.name.value.as_str().to_owned(), channel);
        }
    }
    all
}

fn channel(one: &daemon::Channel, found: &mut Found) -> Option<Channel> {
    let daemon::Channel {
        span: _,
        name,
        webhook,
        ntfy,
        smtp,
        on,
        stacks,
    } = one;
    let written = [
        ("webhook", webhook.is_some()),
        ("ntfy", ntfy.is_some()),
        ("smtp", smtp.is_some()),
    ];
    let what = format!("channel `{}`", name.value);
    exactly_one(&written, name.span, &what, "a way to tell anybody", found);
    let ways = [
        webhook.as_ref().and_then(|hook| self::hook(hook, found)),
        ntfy.as_ref().map(|ntfy| self::ntfy(ntfy, found)),
        smtp.as_ref().and_then(|smtp| mail(smtp, found)),
    ];
    let on: Vec<NoticeKind> = on.iter().map(|kind| kind.value).collect();
    let stacks: Vec<Scope> = stacks.iter().map(|stack| stack.value.clone()).collect();
    Some(Channel {
        way: ways.into_iter().flatten().next()?,
        on: if on.is_empty() { TOLD.to_vec() } else { on },
        stacks: if stacks.is_empty() {
            vec![Scope::All]
        } else {
            stacks
        },
    })
}

fn hook(hook: &daemon::HookChannel, found: &mut Found) -> Option<Way> {
    let daemon::HookChannel {
        span,
        url,
        url_file,
        secret_file,
        ca,
    } = hook;
    let written = [("URL", url.is_some()), ("url-file", url_file.is_some())];
    exactly_one(&written, *span, "`webhook`", "an address", found);
    if let Some(url) = url {
        private(url, found);
    }
    let url = match (url, path_of(url_file.as_ref())) {
        (Some(url), _) => Address::Url(url.value.as_str().to_owned()),
        (None, Some(file)) => Address::InFile(file),
        (None, None) => return None,
    };
    Some(Way::Webhook {
        url,
        secret: path_of(secret_file.as_ref()),
        ca: path_of(ca.as_ref()),
    })
}

fn ntfy(ntfy: &daemon::NtfyChannel, found: &mut Found) -> Way {
    let daemon::NtfyChannel {
        span: _,
        url,
        token_file,
        ca,
    } = ntfy;
    private(url, found);
    let text = url.value.as_str();
    let topic = text
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split_once('/'));
    if topic.is_none_or(|(_, topic)| topic.is_empty() || topic.contains(['/', '?'])) {
        let message = format!("`{text}` names no topic");
        let help = "write the server and the topic: https://ntfy.sh/TOPIC";
        refuse(found, Code::BadValue, url.span, message, help);
    }
    Way::Ntfy {
        url: text.to_owned(),
        token: path_of(token_file.as_ref()),
        ca: path_of(ca.as_ref()),
    }
}

/// Refuses an address that others on the way could listen to.
fn private(url: &At<Url>, found: &mut Found) {
    let uri: Result<Uri, _> = url.value.as_str().parse();
    if !uri.is_ok_and(|uri| is_private(&uri)) {
        let message = format!("`{}` is not encrypted", url.value);
        let help = "write it with https://: what happens here is nobody's business on the way";
        refuse(found, Code::BadValue, url.span, message, help);
    }
}

fn mail(mail: &daemon::MailChannel, found: &mut Found) -> Option<Way> {
    let daemon::MailChannel {
        span,
        server,
        from,
        to,
        user,
        password_file,
        ca,
    } = mail;
    if to.is_empty() {
        let message = "the mail has no receiver";
        refuse(
            found,
            Code::MissingValue,
            *span,
            message,
            "write `to \"ops@example.org\"`",
        );
    }
    for address in to.iter().chain([from]) {
        if !is_mailbox(&address.value.0) {
            let message = format!("`{}` is no mail address", address.value.0);
            refuse(
                found,
                Code::BadValue,
                address.span,
                message,
                "write it as ops@example.org",
            );
        }
    }
    let login = match (user, path_of(password_file.as_ref())) {
        (Some(user), Some(password)) => Some(MailLogin {
            user: user.value.0.clone(),
            password,
        }),
        (None, None) => None,
        (Some(_), None) => return half(*span, "password-file", found),
        (None, Some(_)) => return half(*span, "user", found),
    };
    Some(Way::Smtp {
        server: server.value.clone(),
        from: from.value.0.clone(),
        to: to.iter().map(|to| to.value.0.clone()).collect(),
        login,
        ca: path_of(ca.as_ref()),
    })
}

fn half(span: Span, missing: &str, found: &mut Found) -> Option<Way> {
    let message = format!("half of a login is missing: `{missing}`");
    let help = "write both `user` and `password-file`, or neither";
    refuse(found, Code::MissingValue, span, message, help);
    None
}

/// Whether it is a plain address, of a form that cannot be more than one.
fn is_mailbox(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_{|}~-".contains(c);
    let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && local.chars().all(plain)
            && domain.chars().all(host)
    })
}
