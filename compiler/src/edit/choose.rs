//! Which of several places an edit is made in.

use super::{Refusal, Site};

/// The one place there is, or the one that `at` names as `FILE:LINE`. One that changes other nodes as
/// well has to be named.
///
/// # Errors
/// There are several places, or none that is called so.
pub fn choose(sites: Vec<Site>, at: Option<&str>) -> Result<Site, Refusal> {
    let is_chosen = |site: &Site| at.is_none_or(|at| at == site.place());
    let (mut chosen, others): (Vec<Site>, Vec<Site>) = sites.into_iter().partition(is_chosen);
    match (chosen.pop(), chosen.is_empty()) {
        (Some(site), true) if site.shared && at.is_none() => Err(Refusal::Several(vec![site])),
        (Some(site), true) => Ok(site),
        (Some(site), false) => {
            chosen.push(site);
            Err(Refusal::Several(chosen))
        }
        (None, _) => Err(Refusal::Several(others)),
    }
}
