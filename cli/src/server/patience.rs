//! Waiting for a daemon that was asked too often.

use std::time::Duration;

use hyper::StatusCode;

/// Whoever asks waits no longer than this, in seconds.
const LONGEST: u64 = 30;

/// How long to wait before the same is asked once more; nothing where that would be too long, or was
/// not said.
pub(super) fn pause(status: StatusCode, retry_after: Option<&str>) -> Option<Duration> {
    let seconds: u64 = retry_after?.parse().ok()?;
    let is_meant = status == StatusCode::TOO_MANY_REQUESTS && seconds <= LONGEST;
    is_meant.then(|| Duration::from_secs(seconds))
}

/// Waits, and says so.
pub(super) async fn wait(name: &str, pause: Duration) {
    let seconds = pause.as_secs();
    eprintln!("{name} was asked too often: it is asked once more in {seconds} s");
    tokio::time::sleep(pause).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_pause_is_made_and_a_long_one_is_not() {
        let often = StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(pause(often, Some("30")), Some(Duration::from_secs(30)));
        assert_eq!(pause(often, Some("31")), None);
        assert_eq!(pause(often, Some("Sun, 22 Nov 2026 01:27:31 GMT")), None);
        assert_eq!(pause(often, None), None);
        assert_eq!(pause(StatusCode::SERVICE_UNAVAILABLE, Some("1")), None);
    }
}
