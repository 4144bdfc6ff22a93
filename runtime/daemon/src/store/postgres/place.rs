//! Where the database is, and how it is reached.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};

use super::tls::Tls;
use super::{failed, tables};
use crate::settings;
use crate::store::StoreError;

/// For a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before a connection on which nothing comes is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(10);

/// What holds for every connection. Who sleeps with a transaction open must keep nobody, and an answer is a
/// promise, whatever the server does by itself.
const SETTLE: &str = "
    SET lock_timeout = '5s';
    SET statement_timeout = '8s';
    SET idle_in_transaction_session_timeout = '8s';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off';
    ";

/// A database, and what opens it.
pub(crate) struct Place {
    pub(super) config: Config,
    /// The file with the password.
    password: Option<PathBuf>,
    ca: Option<PathBuf>,
}

impl Place {
    pub(super) fn of(told: &settings::Postgres) -> Result<Self, StoreError> {
        let settings::Postgres { url, password, ca } = told;
        let wrong = |(message, _): Fault| StoreError::Unwritable(message);
        let mut config = check(url).map_err(wrong)?;
        let tls = if is_near(&config) {
            SslMode::Disable
        } else {
            SslMode::Require
        };
        config
            .application_name("skep")
            .connect_timeout(PATIENCE)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .ssl_mode(tls);
        Ok(Self {
            config,
            password: password.clone(),
            ca: ca.clone(),
        })
    }

    /// Opens a connection to a store that has the program's format.
    pub(super) async fn connect(&self) -> Result<Client, StoreError> {
        let mut config = self.config.clone();
        if let Some(file) = &self.password {
            config.password(secret(file)?);
        }

        let tls = Tls::new(self.ca.clone());
        let opened = timeout(PATIENCE * 2, config.connect(tls)).await;
        let slow = |_| StoreError::Unwritable("the database cannot be reached in time".to_owned());
        let (mut client, connection) = opened.map_err(slow)?.map_err(|e| failed(&e))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a connection to the database is lost");
            }
        });
        client.batch_execute(SETTLE).await.map_err(|e| failed(&e))?;
        tables::migrate(&mut client, tables::STEPS).await?;
        Ok(client)
    }
}

/// What is wrong with an address, and what to do.
pub(crate) type Fault = (String, &'static str);

/// Reads the address of a database.
///
/// # Errors
/// It is none, or says what stands elsewhere.
pub(crate) fn check(url: &str) -> Result<Config, Fault> {
    const FORM: &str = "write `postgresql://USER@HOST/DATABASE`, or `postgresql://USER@/DATABASE?host=FOLDER` \
                        for a socket";
    if !url.starts_with("postgresql://") && !url.starts_with("postgres://") {
        return Err(("this is no address of a database".to_owned(), FORM));
    }
    if url.contains("sslmode") || url.contains("sslnegotiation") {
        let message = "whether TLS is spoken is not left to the address".to_owned();
        return Err((
            message,
            "leave it out: a host that is not this machine is spoken to by TLS",
        ));
    }
    // What is wrong may be the password: it must not be shown.
    let config =
        Config::from_str(url).map_err(|_| ("this is no address of a database".to_owned(), FORM))?;
    if config.get_password().is_some() {
        let message = "a password stands in the address of the database".to_owned();
        return Err((
            message,
            "write it into a file, and `password-file` with its path",
        ));
    }
    if config.get_hosts().is_empty() || config.get_user().is_none() || config.get_dbname().is_none()
    {
        return Err((
            "the address lacks a user, a host or a database".to_owned(),
            FORM,
        ));
    }
    Ok(config)
}

/// Whether nobody else can read what is sent.
fn is_near(config: &Config) -> bool {
    let is_host_near = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    };
    config.get_hosts().iter().all(is_host_near)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn secret(file: &Path) -> Result<String, StoreError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let path = file.display();
        StoreError::Unwritable(format!("the password in `{path}` cannot be read: {error}"))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_this_machine_is_spoken_to_by_tls() {
        let mode = |url: &str| {
            let (url, password, ca) = (url.to_owned(), None, None);
            let place = Place::of(&settings::Postgres { url, password, ca }).expect("an address");
            place.config.get_ssl_mode()
        };
        for near in [
            "postgresql://skep@localhost/skep",
            "postgresql://skep@127.0.0.2:5433/skep",
            "postgresql://skep@[::1]/skep",
            "postgresql://skep@/skep?host=/run/postgresql",
        ] {
            assert_eq!(mode(near), SslMode::Disable, "{near}");
        }
        for far in [
            "postgresql://skep@db.example/skep",
            "postgresql://skep@10.0.0.1/skep",
            "postgresql://skep@localhost,db.example/skep",
            "postgresql://skep@localhost/skep?hostaddr=10.0.0.1",
        ] {
            assert_eq!(mode(far), SslMode::Require, "{far}");
        }
    }

    #[test]
    fn an_address_says_no_password_and_nothing_of_tls() {
        for (url, word) in [
            ("postgresql://skep:hunter2@db/skep", "password"),
            ("postgresql://skep@db/skep?password=hunter2", "password"),
            ("postgresql://skep@db/skep?sslmode=disable", "TLS"),
            ("mysql://skep@db/skep", "no address"),
            ("postgresql://skep@/skep", "lacks"),
            ("postgresql://db/skep", "lacks"),
        ] {
            let (message, help) = check(url).expect_err(url);
            assert!(message.contains(word), "{url}: {message}");
            assert!(!message.contains("hunter2") && !help.contains("hunter2"));
        }
    }
}
