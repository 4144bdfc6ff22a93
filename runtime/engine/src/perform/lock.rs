//! Getting the lock before anything is done.

use tokio::time::{Duration, Instant, sleep};

use super::{Hand, PerformError, Told};
use crate::lock::{Lease, LockError, take};
use crate::records::Home;

/// Between two tries to get a lock that somebody has.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes the lock, and waits for it as long as was asked for.
pub(super) async fn lock<'a>(
    home: &'a dyn Home,
    purpose: &str,
    hand: &mut Hand<'_>,
) -> Result<Lease<'a>, PerformError> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        let holder = (hand.holder)(purpose);
        match take(home, holder, (hand.clock)(), hand.is_gone).await {
            Ok(lease) => return Ok(lease),
            Err(LockError::Target(error)) => return Err(error.into()),
            Err(LockError::Held(held)) if begun.elapsed() >= hand.patience => {
                return Err(PerformError::Locked(held));
            }
            Err(LockError::Held(held)) => {
                if !told {
                    (hand.tell)(Told::Waiting(&held));
                    told = true;
                }
                sleep(PAUSE).await;
            }
        }
    }
}
