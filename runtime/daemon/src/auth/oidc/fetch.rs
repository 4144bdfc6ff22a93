//! How an issuer's documents come here.

use std::pin::Pin;
use std::sync::Arc;

use hyper::header::ACCEPT;
use hyper::{Request, StatusCode};
use skep_providers::web::{Web, empty};

use crate::settings::Issuer;

/// A document that is fetched: its bytes, or why there are none.
pub(super) type Fetched = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>>;
/// Fetches a document with limits of size and time, and follows no redirect.
pub(super) type Fetch = Arc<dyn Fn(String) -> Fetched + Send + Sync>;

/// Fetches from an issuer that shows a certificate that this machine or the daemon's file trusts.
pub(super) fn by_web(issuer: &Issuer) -> Fetch {
    let web = Web::new(issuer.ca.clone());
    Arc::new(move |address| Box::pin(get(web.clone(), address)))
}

async fn get(web: Web, address: String) -> Result<Vec<u8>, String> {
    let request = Request::get(address).header(ACCEPT, "application/json");
    let answer = web.send(request.body(empty())).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status == StatusCode::OK {
        Ok(answer.body.to_vec())
    } else {
        Err(format!("it answered {}", answer.status))
    }
}
