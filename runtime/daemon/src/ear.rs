//! Listening to what happens in a stack's target.

use std::sync::Arc;
use std::time::Duration;

use skep_engine::provider::ProviderError;
use skep_schema::api::stack::Cause;
use skep_schema::plan::Plan;

use crate::home;
use crate::main_loop::About;
use crate::stack::{Place, Voice};

/// Before a target that hung up is called again; it doubles up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// Listens as long as the daemon runs. Whatever was missed meanwhile is a reason to look.
pub(crate) async fn listen(place: Place, nothing: Arc<Plan>, voice: Voice) {
    let mut pause = PAUSE;
    let mut first = true;
    loop {
        let heard = once(&place, &nothing, &voice, &mut first).await;
        pause = match heard {
            Ok(()) => PAUSE,
            Err(error) => {
                tracing::debug!(%error, stack = voice.stack, "nothing is heard");
                (pause * 2).min(LONGEST)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn once(
    place: &Place,
    nothing: &Arc<Plan>,
    voice: &Voice,
    first: &mut bool,
) -> Result<(), ProviderError> {
    let opened = home::open(place.target.clone(), Arc::clone(nothing), Vec::new()).await?;
    let mut stirs = opened.home.stirs().await?;
    if !std::mem::take(first) {
        let about = "events may have been missed".to_owned();
        voice.say(About::Asked(Cause::Engine { about })).await;
    }
    while let Some(stir) = stirs.recv().await {
        voice.say(About::Stirred(stir)).await;
    }
    Ok(())
}
