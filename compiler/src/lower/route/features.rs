//! What a match asks of its proxy besides passing requests on.

use std::num::NonZeroU32;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::At;
use skep_schema::spec::{self, Headers};
use skep_schema::units::Duration;
use smol_str::SmolStr;

use super::Routed;
use crate::lower::Lower;
use crate::lower::plain::value;
use crate::proxy::{
    AuthUrl, Cors, FilePath, ForwardAuth, HeaderName, HeaderOp, HeaderValue, Health, Method,
    Origin, Origins, Path, RateLimit,
};

/// How long a limit counts, and how often a proxy asks, unless written.
const PER: Duration = Duration::seconds(1);
const EVERY: Duration = Duration::seconds(10);

impl Lower<'_, '_, '_> {
    /// In an order in which nothing depends on the order of writing: away, replaced, added.
    pub(super) fn header_ops(&mut self, headers: Option<&Headers>) -> Vec<HeaderOp> {
        let Some(headers) = headers else {
            return Vec::new();
        };
        let mut ops = Vec::new();
        for name in &headers.remove {
            let parsed = self.fit(
                HeaderName::parse(name.value.as_str()),
                &name.value,
                name.span,
            );
            ops.extend(parsed.map(HeaderOp::Remove));
        }
        for (name, value) in headers.set.iter() {
            ops.extend(
                self.header(name, value)
                    .map(|(name, value)| HeaderOp::Set(name, value)),
            );
        }
        for (name, value) in headers.add.iter() {
            ops.extend(
                self.header(name, value)
                    .map(|(name, value)| HeaderOp::Add(name, value)),
            );
        }
        ops.sort_by_key(|op| match op {
            HeaderOp::Remove(name) => (0, name.clone()),
            HeaderOp::Set(name, _) => (1, name.clone()),
            HeaderOp::Add(name, _) => (2, name.clone()),
        });
        ops
    }

    fn header(
        &mut self,
        name: &At<SmolStr>,
        value: &At<spec::Scalar>,
    ) -> Option<(HeaderName, HeaderValue)> {
        let parsed = self.fit(HeaderName::parse(&name.value), &name.value, name.span)?;
        Some((
            parsed,
            self.fit(
                HeaderValue::parse(&value.value.0),
                &value.value.0,
                value.span,
            )?,
        ))
    }

    pub(super) fn route_health(&mut self, health: &spec::RouteHealth) -> Option<Health> {
        let every = value(health.every.as_ref()).unwrap_or(EVERY);
        let place = health
            .every
            .as_ref()
            .map_or(health.span, |every| every.span);
        Some(Health {
            path: self.fit(
                Path::parse(health.path.value.as_str()),
                &health.path.value,
                health.path.span,
            )?,
            every: self.millis(every, place)?,
        })
    }

    pub(super) fn rate_limit(&mut self, limit: &spec::RateLimit) -> Option<RateLimit> {
        let count = self.at_least_one(limit.count.value, limit.count.span, NonZeroU32::new)?;
        let per = value(limit.per.as_ref()).unwrap_or(PER);
        let per = self.millis(per, limit.per.as_ref().map_or(limit.span, |per| per.span))?;
        // The spec's burst comes on top of the count; the model's bucket holds both.
        let burst = NonZeroU32::new(
            limit
                .count
                .value
                .saturating_add(value(limit.burst.as_ref()).unwrap_or(0)),
        );
        self.fit(
            RateLimit::new(count, per, burst),
            &limit.count.value,
            limit.span,
        )
    }

    pub(super) fn password_file(
        &mut self,
        secret: &At<spec::SecretRef>,
        into: &mut Routed,
    ) -> Option<FilePath> {
        let path = format!("/run/secrets/{}", secret.value.as_str());
        into.secrets.insert(
            path.clone(),
            Address::new(Kind::Secret, secret.value.as_str()),
        );
        self.fit(FilePath::parse(&path), &path, secret.span)
    }

    pub(super) fn forward_auth(&mut self, auth: &spec::ForwardAuth) -> Option<ForwardAuth> {
        let url = self.fit(
            AuthUrl::parse(auth.url.value.as_str()),
            &auth.url.value,
            auth.url.span,
        )?;
        let mut copy = Vec::new();
        if let Some(names) = &auth.copy {
            for name in names.value.0.split_whitespace() {
                copy.extend(self.fit(HeaderName::parse(name), &name, names.span));
            }
        }
        Some(ForwardAuth { url, copy })
    }

    pub(super) fn cors(&mut self, cors: &spec::Cors) -> Option<Cors> {
        let any = cors.origin.iter().find(|origin| origin.value.0 == "*");
        let mut origins = Vec::new();
        for origin in cors.origin.iter().filter(|origin| origin.value.0 != "*") {
            origins.extend(self.fit(Origin::parse(&origin.value.0), &origin.value.0, origin.span));
        }
        if any.is_some() != origins.is_empty() {
            self.lacks(
                Diagnostic::new(
                    Code::Contradiction,
                    cors.span,
                    "`cors` needs origins, or `*` and no other",
                )
                .help("write origin \"https://www.example.com\""),
            );
        }
        let mut methods = Vec::new();
        for method in &cors.method {
            methods.extend(self.fit(
                Method::parse(method.value.as_str()),
                &method.value,
                method.span,
            ));
        }
        let mut headers = Vec::new();
        for header in &cors.header {
            headers.extend(self.fit(
                HeaderName::parse(header.value.as_str()),
                &header.value,
                header.span,
            ));
        }
        let max_age = cors
            .max_age
            .as_ref()
            .and_then(|age| self.millis(age.value, age.span));
        let origins = if any.is_some() {
            Origins::Any
        } else {
            Origins::Listed(origins)
        };
        let cors_value = Cors::new(origins).allowing(methods, headers, max_age);
        match &cors.credentials {
            Some(credentials) if credentials.value => self.fit(
                cors_value.with_credentials(),
                &"origin \"*\"",
                credentials.span,
            ),
            Some(_) | None => Some(cors_value),
        }
    }
}
