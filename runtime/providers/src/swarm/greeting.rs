//! What an engine says of itself, whether or not it is a manager of a swarm.

use skep_engine::provider::ProviderError;
use skep_schema::event::Timestamp;

use super::endpoint::Endpoint;
use super::http::{Ask, Http};
use super::{Reached, reach};

/// An engine's answer to being asked who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The engine's own version, `20.10.24`.
    pub engine: String,
    /// The API version that both sides speak.
    pub api: String,
    /// Its clock, where it tells the time.
    pub clock: Option<Timestamp>,
    /// There is a network for ports that the whole swarm publishes. Nothing where the engine does
    /// not know the swarm's networks.
    pub ingress: Option<bool>,
}

/// Asks an engine who it is; it need not be a manager.
///
/// # Errors
/// Nothing answers, or the engine is too old.
pub async fn greet(endpoint: Endpoint) -> Result<Greeting, ProviderError> {
    let Endpoint {
        name,
        place,
        credentials: _,
    } = endpoint;
    let Reached {
        http,
        version,
        info,
    } = reach(place)
        .await
        .map_err(|message| ProviderError::Unreachable {
            target: name,
            message,
        })?;
    let ingress = if info.swarm.control_available {
        has_ingress(&http).await
    } else {
        None
    };
    Ok(Greeting {
        engine: info.server_version,
        api: version.to_string(),
        clock: clock(&info.system_time),
        ingress,
    })
}

async fn has_ingress(http: &Http) -> Option<bool> {
    let networks: Vec<serde_json::Value> = http.json(Ask::get("/networks")).await.ok()?;
    Some(networks.iter().any(|network| network["Ingress"] == true))
}

fn clock(told: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = told.parse().ok()?;
    Some(Timestamp(time.as_millisecond().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_tells_the_time_in_its_own_zone() {
        let utc = clock("2026-11-21T05:01:09.5Z");
        assert_eq!(utc, Some(Timestamp(1_795_237_269_500)));
        assert_eq!(clock("2026-11-21T06:01:09.500000001+01:00"), utc);
        assert_eq!(clock(""), None);
    }
}
