//! The table of routes as something that answers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::call::Call;
use super::identify::{Gate, enter};
use super::routes::{Method, ROUTES, Route};
use crate::audit::Occasion;
use crate::daemon::Shared;

/// What is not in the table is not there, whoever asks.
pub(crate) fn router(shared: &Shared, gate: &Arc<Gate>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        router = router.route(route.path, method(route, shared, gate));
    }
    router
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(Arc::clone(gate), enter))
}

fn method(route: &'static Route, shared: &Shared, gate: &Arc<Gate>) -> MethodRouter {
    let (shared, gate) = (shared.clone(), Arc::clone(gate));
    let filter = match route.method {
        Method::Get => MethodFilter::GET,
        Method::Put => MethodFilter::PUT,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    };
    on(filter, move |request: Request<Body>| {
        answer(route, shared.clone(), Arc::clone(&gate), request)
    })
}

async fn answer(
    route: &'static Route,
    shared: Shared,
    gate: Arc<Gate>,
    request: Request<Body>,
) -> Response {
    let Some(Occasion { request: id, .. }) = request.extensions().get().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let metrics = shared.metrics.clone();
    let answered = match Call::admit(route, shared, gate, request).await {
        Ok(call) => (route.answer)(call).await,
        Err(refused) => Err(refused),
    };
    let answer = answered.unwrap_or_else(|refused| refused.answer(&id));
    metrics.request(answer.status().as_u16());
    answer
}
