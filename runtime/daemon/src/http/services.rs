//! Services and routes, as they were last seen.

use std::collections::BTreeMap;

use axum::response::Response;
use skep_engine::reconcile::Seen;
use skep_schema::address::{Address, Kind};
use skep_schema::api::view::{
    ROUTES_FORMAT, RouteList, RouteView, SERVICES_FORMAT, ServiceList, ServiceView,
};
use skep_schema::plan::{Payload, PlanNode};
use skep_schema::report::Standing;

use super::call::{Call, json};
use super::refused::Refused;
use crate::views::{Glance, View};

pub(crate) async fn list(call: Call) -> Result<Response, Refused> {
    let views = call.visible();
    Ok(json(&ServiceList {
        format: SERVICES_FORMAT.to_owned(),
        services: views.iter().flat_map(services).collect(),
    }))
}

pub(crate) async fn show(call: Call) -> Result<Response, Refused> {
    let name = call.in_path("service").to_owned();
    let mut all = services(&call.view()?).into_iter();
    let found = all.find(|service| service.address.name == name);
    let unknown = || Refused::Unknown(format!("no service `{name}` was seen"));
    Ok(json(&found.ok_or_else(unknown)?))
}

pub(crate) async fn routes(call: Call) -> Result<Response, Refused> {
    let views = call.visible();
    Ok(json(&RouteList {
        format: ROUTES_FORMAT.to_owned(),
        routes: views.iter().flat_map(routes_of).collect(),
    }))
}

pub(super) fn services(view: &View) -> Vec<ServiceView> {
    let Some(glance) = &view.seen else {
        return Vec::new();
    };
    let Seen { look, .. } = &glance.seen;
    let found = look.inventory.nodes.iter();
    let found = found.map(|(address, found)| (address, &found.payload));
    let wanted = look.plan.nodes.iter().map(|(a, node)| (a, &node.payload));
    // What is found says more than what is wanted, so that it comes last.
    let all: BTreeMap<&Address, &Payload> = wanted.chain(found).collect();
    let of_stack = all
        .into_iter()
        .filter_map(|(address, payload)| service(&view.status.stack, address, payload, glance));
    of_stack.collect()
}

fn service(
    stack: &str,
    address: &Address,
    payload: &Payload,
    glance: &Glance,
) -> Option<ServiceView> {
    let Payload::Service(service) = payload else {
        return None;
    };
    let look = &glance.seen.look;
    let change = look.changes.get(address);
    let found = look.inventory.nodes.get(address);
    Some(ServiceView {
        stack: stack.to_owned(),
        address: address.clone(),
        name: payload.physical_name().unwrap_or_default().to_owned(),
        image: service.image.clone(),
        sync: change.map_or(Standing::InSync, |change| change.action.into()),
        readiness: found.map(|found| found.readiness.clone()),
        at: glance.at,
    })
}

fn routes_of(view: &View) -> Vec<RouteView> {
    let Some(plan) = &view.plan else {
        return Vec::new();
    };
    let all = plan.nodes.iter();
    let routes = all.filter(|(address, _)| address.kind == Kind::Route);
    let route = |(address, node): (&Address, &PlanNode)| RouteView {
        stack: view.status.stack.clone(),
        address: address.clone(),
        needs: node.needs.keys().cloned().collect(),
    };
    routes.map(route).collect()
}
