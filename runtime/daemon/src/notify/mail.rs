//! Mail, by a server that takes it from us.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use skep_providers::web::is_local;
use skep_schema::daemon::MailServer;

use super::way::{NotifyError, line};
use crate::settings::MailLogin;

/// For each step of the conversation.
const LIMIT: Duration = Duration::from_secs(15);

/// Who writes to whom.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) server: MailServer,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) login: Option<MailLogin>,
    pub(super) ca: Option<PathBuf>,
}

impl Mail {
    pub(super) async fn send(&self, subject: &str, text: &str) -> Result<(), NotifyError> {
        let mail = self.written(subject, text)?;
        let sent = self.transport()?.send(mail).await;
        sent.map(drop).map_err(|error| said(&error))
    }

    fn written(&self, subject: &str, text: &str) -> Result<Message, NotifyError> {
        let mailbox = |address: &String| address.parse::<Mailbox>().map_err(|e| said(&e));
        let mut mail: MessageBuilder = Message::builder()
            .from(mailbox(&self.from)?)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(mailbox(to)?);
        }
        mail.body(text.to_owned()).map_err(|error| said(&error))
    }

    /// A connection for one mail. Without TLS it is only spoken to this machine.
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, NotifyError> {
        let Self {
            server: MailServer { tls, host, port },
            login,
            ..
        } = self;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let tls = match (tls, is_local(host)) {
            (true, _) => Tls::Wrapper(self.trust(host)?),
            (false, false) => Tls::Required(self.trust(host)?),
            (false, true) => Tls::Opportunistic(self.trust(host)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(tls)
            .timeout(Some(LIMIT));
        if let Some(MailLogin { user, password }) = login {
            transport = transport.credentials(Credentials::new(user.clone(), line(password)?));
        }
        Ok(transport.build())
    }

    fn trust(&self, host: &str) -> Result<TlsParameters, NotifyError> {
        let mut trust = TlsParameters::builder(host.to_owned());
        if let Some(ca) = &self.ca {
            let pem = std::fs::read(ca).map_err(|source| NotifyError::Unreadable {
                path: ca.display().to_string(),
                source,
            })?;
            trust = trust.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| said(&e))?);
        }
        trust.build_rustls().map_err(|error| said(&error))
    }
}

/// An error with all that it comes down to.
fn said(error: &dyn std::error::Error) -> NotifyError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    NotifyError::Mail(text)
}
