//! The description of the API, made from the table of routes.

use serde_json::{Map, Value, json};

use super::routes::{Gives, Method, ROUTES, Route};

/// The types that requests and answers have, made from the types themselves.
const SCHEMAS: &str = include_str!("../../../../docs/api/schemas.json");

/// The whole description, as OpenAPI 3.1.
pub(crate) fn description() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[word(route.method)] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Skep's daemon",
            "version": "1",
            "description": "Every request is made by somebody: over the socket by its user, else with \
                `Authorization: Bearer` or a client's certificate. What nobody granted is refused.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "certificate": { "type": "mutualTLS" },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "summary": route.summary,
        "responses": {
            "200": { "description": "Done", "content": content(route.gives) },
            "default": {
                "description": "Refused",
                "content": { "application/json": { "schema": reference("Refusal") } },
            },
        },
    });
    let parameters: Vec<Value> = in_path(route).chain(in_query(route)).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(verb) = route.verb {
        operation["x-verb"] = verb.word().into();
        operation["x-role"] = verb.least().word().into();
        operation["security"] = json!([{ "token": [] }, { "certificate": [] }]);
    }
    if let Some(takes) = route.takes {
        let schema = match takes.schema {
            "merge-patch" => json!({ "type": "object" }),
            name => reference(name),
        };
        operation["requestBody"] = json!({
            "required": true,
            "content": { takes.kind: { "schema": schema } },
        });
    }
    operation
}

fn in_path(route: &Route) -> impl Iterator<Item = Value> {
    let parts = route.path.split('/');
    let names = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    })
}

fn in_query(route: &Route) -> impl Iterator<Item = Value> {
    route.query.iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.about,
            "schema": { "type": "string" },
        })
    })
}

fn content(gives: Gives) -> Value {
    match gives {
        Gives::Json(name) => json!({ "application/json": { "schema": reference(name) } }),
        Gives::Events(names) => {
            let any: Vec<Value> = names.iter().map(|name| reference(name)).collect();
            json!({ "text/event-stream": {
                "schema": { "type": "string", "description": "Server-sent events" },
                "x-data": { "anyOf": any },
            } })
        }
        Gives::Text(kind) => json!({ kind: { "schema": { "type": "string" } } }),
        Gives::File => json!({ "application/vnd.sqlite3": {} }),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schemas() -> Value {
    serde_json::from_str(SCHEMAS).expect("the committed schemas are JSON")
}

const fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Put => "put",
        Method::Post => "post",
        Method::Patch => "patch",
        Method::Delete => "delete",
    }
}

#[cfg(test)]
mod tests;
