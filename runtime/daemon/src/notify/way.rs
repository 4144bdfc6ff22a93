//! How a channel's messages get to people.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use ring::hmac;
use serde::Serialize;
use skep_providers::web::{Web, WebError};
use skep_schema::api::notice::{NOTICE_FORMAT, Notice, NoticeMessage};
use skep_schema::daemon::NoticeKind;
use skep_schema::plan::Content;

use super::mail::Mail;
use super::queue::Parcel;
use crate::clock::now;
use crate::settings;
use crate::webhook::{NoSecret, Secret, hex};

/// For one message, whatever its way.
const LIMIT: Duration = Duration::from_secs(40);

/// The longest text that ntfy takes as a message is 4 KiB.
const LONGEST: usize = 3_900;

/// A way that is ready. What stands in files is read for each message, so that it can be replaced.
#[derive(Debug)]
pub(super) enum Way {
    Webhook {
        web: Web,
        url: settings::Address,
        secret: Option<PathBuf>,
    },
    Ntfy {
        web: Web,
        /// Without the topic, to which messages are posted as JSON.
        server: String,
        topic: String,
        token: Option<PathBuf>,
    },
    Smtp(Mail),
}

/// Why a message is not out. It names no address that may be a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotifyError {
    #[error(transparent)]
    Web(#[from] WebError),
    #[error("it answered {0}")]
    Refused(u16),
    #[error(transparent)]
    NoSecret(#[from] NoSecret),
    #[error("cannot read {path}: {source}")]
    Unreadable {
        path: String,
        source: std::io::Error,
    },
    #[error("{0}")]
    Mail(String),
    #[error("it took longer than {} s", LIMIT.as_secs())]
    Slow,
}

/// A message as ntfy takes it.
#[derive(Serialize)]
struct Ntfy<'a> {
    topic: &'a str,
    title: &'a str,
    message: &'a str,
    priority: u8,
    tags: [&'a str; 1],
}

impl Way {
    pub(super) fn of(way: &settings::Way) -> Self {
        match way {
            settings::Way::Webhook { url, secret, ca } => Self::Webhook {
                web: Web::new(ca.clone()),
                url: url.clone(),
                secret: secret.clone(),
            },
            settings::Way::Ntfy { url, token, ca } => {
                let (server, topic) = url.rsplit_once('/').unwrap_or((url, ""));
                Self::Ntfy {
                    web: Web::new(ca.clone()),
                    server: format!("{server}/"),
                    topic: topic.to_owned(),
                    token: token.clone(),
                }
            }
            settings::Way::Smtp {
                server,
                from,
                to,
                login,
                ca,
            } => Self::Smtp(Mail {
                server: server.clone(),
                from: from.clone(),
                to: to.clone(),
                login: login.clone(),
                ca: ca.clone(),
            }),
        }
    }

    /// Sends a message. It may arrive twice where the answer to the first is lost.
    pub(super) async fn send(&self, parcel: &Parcel) -> Result<(), NotifyError> {
        let sent = tokio::time::timeout(LIMIT, self.try_send(parcel)).await;
        sent.map_err(|_| NotifyError::Slow)?
    }

    async fn try_send(&self, parcel: &Parcel) -> Result<(), NotifyError> {
        match self {
            Self::Webhook { web, url, secret } => {
                let url = match url {
                    settings::Address::Url(url) => url.clone(),
                    settings::Address::InFile(file) => line(file)?,
                };
                let secret = secret.as_deref().map(Secret::read).transpose()?;
                let secret = secret.and_then(|all| all.into_iter().next());
                post(web, call(&url, parcel, secret.as_ref())).await
            }
            Self::Ntfy {
                web,
                server,
                topic,
                token,
            } => {
                let token = token.as_deref().map(line).transpose()?;
                post(web, publish(server, topic, parcel, token.as_deref())).await
            }
            Self::Smtp(mail) => mail.send(&title(parcel), &text(parcel)).await,
        }
    }
}

type Call = Result<Request<Full<Bytes>>, hyper::http::Error>;

async fn post(web: &Web, request: Call) -> Result<(), NotifyError> {
    let answer = web.send(request).await?;
    if answer.status.is_success() {
        Ok(())
    } else {
        Err(NotifyError::Refused(answer.status.as_u16()))
    }
}

/// A call with all that is known, signed as Standard Webhooks has it and in Skep's own form. The same
/// message has the same id however often it is sent.
fn call(url: &str, parcel: &Parcel, secret: Option<&Secret>) -> Call {
    let Parcel {
        stack,
        notices,
        left_out,
    } = parcel;
    let message = NoticeMessage {
        format: NOTICE_FORMAT.to_owned(),
        stack: stack.clone(),
        notices: notices.clone(),
        left_out: *left_out,
    };
    let body = serde_json::to_vec(&message).expect("texts and numbers have a form");
    let id = format!("msg_{}", &blake3::hash(&body).to_hex()[..26]);
    let time = now().0 / 1000;
    let mut request = Request::post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", time);
    if let Some(secret) = secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.key());
        let sign = |head: String| hmac::sign(&key, &[head.as_bytes(), &body].concat());
        let (standard, plain) = (sign(format!("{id}.{time}.")), sign(format!("{time}.")));
        request = request
            .header(
                "webhook-signature",
                format!("v1,{}", Content::encode(standard.as_ref())),
            )
            .header(
                "x-skep-signature",
                format!("t={time},v1={}", hex(plain.as_ref())),
            );
    }
    request.body(Full::from(body))
}

fn publish(server: &str, topic: &str, parcel: &Parcel, token: Option<&str>) -> Call {
    let last = parcel.notices.last().map(|notice| notice.kind);
    let (priority, tag) = weight(last.unwrap_or(NoticeKind::Failed));
    let (title, text) = (title(parcel), text(parcel));
    let message = Ntfy {
        topic,
        title: &title,
        message: cut(&text),
        priority,
        tags: [tag],
    };
    let body = serde_json::to_vec(&message).expect("texts and numbers have a form");
    let mut request = Request::post(server).header(CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(Full::from(body))
}

/// The priority, from 1 to 5, and the picture of a kind.
const fn weight(kind: NoticeKind) -> (u8, &'static str) {
    match kind {
        NoticeKind::Failed => (5, "x"),
        NoticeKind::Unhealthy => (4, "face_with_thermometer"),
        NoticeKind::Source => (4, "warning"),
        NoticeKind::Drift => (3, "twisted_rightwards_arrows"),
        NoticeKind::Approval => (3, "raised_hand"),
        NoticeKind::Recovered => (3, "white_check_mark"),
        NoticeKind::Applied => (2, "package"),
    }
}

/// One line: the stack, and the last that happened to it.
fn title(parcel: &Parcel) -> String {
    let last = parcel.notices.last().map_or("", |notice| &notice.title);
    let title = match parcel.notices.len() {
        0 | 1 => format!("{}: {last}", parcel.stack),
        all => format!("{}: {last}, and {} before it", parcel.stack, all - 1),
    };
    title.replace(char::is_control, " ")
}

/// All that happened, oldest first.
fn text(parcel: &Parcel) -> String {
    let left_out = match parcel.left_out {
        0 => None,
        n => Some(format!("{n} older ones are left out")),
    };
    let told = parcel.notices.iter().map(|notice| {
        let Notice {
            stack: _,
            kind,
            title,
            text,
            at,
        } = notice;
        let time = i64::try_from(at.0).ok();
        let time = time.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        let time = time.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        let head = format!("{} [{}] {title}", time.unwrap_or_default(), kind.word());
        if text.is_empty() {
            head
        } else {
            format!("{head}\n{text}")
        }
    });
    left_out
        .into_iter()
        .chain(told)
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// As much of the start of a text as fits.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The first line of a file that holds a secret.
pub(super) fn line(file: &Path) -> Result<String, NotifyError> {
    let text = std::fs::read_to_string(file).map_err(|source| NotifyError::Unreadable {
        path: file.display().to_string(),
        source,
    })?;
    Ok(text.lines().next().unwrap_or("").trim().to_owned())
}
