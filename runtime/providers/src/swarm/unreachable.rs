//! Why a connection brought nothing, in words that say what to change.

use std::error::Error;
use std::io;
use std::process::ExitStatus;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as Tls};

/// What to say of something that does not answer as a Docker engine without TLS does.
pub(crate) const NOT_DOCKER: &str = "what answers there speaks no HTTP, so it is no Docker engine, or one that wants TLS: \
     set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH";

/// The innermost cause, unless there is a better word for it.
pub(crate) fn why(error: &(dyn Error + 'static)) -> String {
    let mut words = String::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(known) = known(error) {
            return known;
        }
        words = error.to_string();
        cause = error.source();
    }
    words
}

fn known(error: &(dyn Error + 'static)) -> Option<String> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(|error| error.get_ref()?.downcast_ref::<Tls>());
    let is_garbage = error
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_parse);
    wrapped
        .map(of_tls)
        .or_else(|| is_garbage.then(|| NOT_DOCKER.to_owned()))
}

fn of_tls(error: &Tls) -> String {
    match error {
        Tls::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the engine's certificate is not signed by the authority in `ca.pem`; put the engine's own into \
             DOCKER_CERT_PATH"
                .to_owned()
        }
        Tls::InvalidCertificate(reason) => {
            format!("the engine's certificate does not hold for this address: {reason}")
        }
        Tls::AlertReceived(AlertDescription::CertificateRequired) => {
            "the engine asks for a certificate; put `cert.pem` and `key.pem` into DOCKER_CERT_PATH".to_owned()
        }
        Tls::AlertReceived(alert) => format!(
            "the engine refuses the TLS connection ({alert:?}); are `cert.pem` and `key.pem` in DOCKER_CERT_PATH \
             from its own authority?"
        ),
        Tls::InvalidMessage(_) => {
            "what answers there speaks no TLS; name the port for TLS, or take DOCKER_TLS_VERIFY away".to_owned()
        }
        other => other.to_string(),
    }
}

pub(crate) fn no_ssh(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound {
        io::Error::other("the program `ssh` is not on the PATH; install an SSH client")
    } else {
        error
    }
}

/// How the `ssh` of a connection ended; `words` are those it was run with.
pub(crate) fn of_ssh(status: ExitStatus, words: &str) -> io::Error {
    let why = match status.code() {
        Some(255) => "`ssh` did not get there",
        Some(127) => "there is no `docker` there, or not where `ssh` finds it",
        Some(_) | None => "`docker system dial-stdio` failed there",
    };
    io::Error::other(format!(
        "{why} ({status}); see what `ssh {words} docker version` says"
    ))
}
