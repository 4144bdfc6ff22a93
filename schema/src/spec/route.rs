//! Routes: which request goes where.

use super::gateway::Raw;
use super::values::{
    Cidr, GatewayRef, HeaderName, Host, Method, PortRef, Scalar, SecretRef, ServiceRef, Url,
    UrlPath,
};
use crate::units::{Bytes, Duration};
use crate::{node, one_of};

one_of! {
    /// What a path matches.
    PathKind {
        /// The path and everything below it.
        Prefix "prefix",
        /// The path alone.
        Exact "exact",
    }
}

node! {
    /// What happens to requests for some hosts.
    Route "route" {
        /// The hosts; the first one names the route.
        hosts: args(Host) "HOST";
        /// The gateway it belongs to; may be left out where there is only one, or one is `default`.
        gateway: value(GatewayRef) "gateway";
        /// A certificate's name, `auto`, or `off`.
        tls: value(Scalar) "tls" default "off";
        /// With TLS: send plain HTTP to HTTPS.
        redirect_https: flag(bool) "redirect-https" default "#true";
        /// Paths, and where they lead; the longest match wins.
        matches: nodes(Match) "match" key (name "kind");
        /// Paths that lead elsewhere.
        redirect: nodes(Redirect) "redirect" key (name "kind");
    }

    /// A path and where it leads.
    Match "match" {
        /// The path.
        path: arg(UrlPath) "PATH";
        /// The path and everything below it, or the path alone.
        kind: value(PathKind) "kind" default "prefix";
        /// Services that answer; with several, by weight.
        to: nodes(To) "to" key (name "port");
        /// Take the matched prefix, or the one given, off the path.
        strip_prefix: node(StripPrefix) "strip-prefix";
        /// Ask for this path instead.
        rewrite: value(UrlPath) "rewrite";
        /// Headers of the answer.
        header: node(Headers) "header";
        /// Headers of the request.
        request_header: node(Headers) "request-header";
        /// How long an answer may take.
        timeout: value(Duration) "timeout";
        /// How often a failed request is tried on another task.
        retry: value(u32) "retry";
        /// How the proxy finds out that a task works.
        health: node(RouteHealth) "health";
        /// Keep a visitor on one task.
        sticky: node(Sticky) "sticky";
        /// Let websockets through, without a time limit.
        websocket: flag(bool) "websocket";
        /// Compress answers.
        compress: flag(bool) "compress";
        /// The most requests of one visitor.
        rate_limit: node(RateLimit) "rate-limit";
        /// Only these addresses may ask.
        allow: set(Cidr) "allow";
        /// These addresses may not.
        deny: set(Cidr) "deny";
        /// Ask for a name and a password.
        basic_auth: node(BasicAuth) "basic-auth";
        /// Ask another service whether the request may pass.
        forward_auth: node(ForwardAuth) "forward-auth";
        /// The largest request body.
        max_body: value(Bytes) "max-body";
        /// Which other sites' pages may ask.
        cors: node(Cors) "cors";
        /// Text for one proxy's config, as it is.
        raw: nodes(Raw) "raw" key none;
    }

    /// A service that answers.
    To "to" {
        /// Which service.
        service: arg(ServiceRef) "SERVICE";
        /// Its port, by name or number; the only one where it is left out.
        port: value(PortRef) "port";
        /// Its share of the requests among several.
        weight: value(u16) "weight" default "1";
    }

    /// A prefix taken off the path.
    StripPrefix "strip-prefix" {
        /// The prefix; the matched one where it is left out.
        path: opt_arg(UrlPath) "PATH";
    }

    /// Changes of headers.
    Headers "header" {
        /// Replaced or made.
        set: map(Scalar) "set";
        /// Added beside those that exist.
        add: map(Scalar) "add";
        /// Taken away.
        remove: set(HeaderName) "remove";
    }

    /// The proxy's own check of a service's tasks.
    RouteHealth "health" {
        /// The path it fetches.
        path: arg(UrlPath) "PATH";
        /// The time between two checks.
        every: value(Duration) "every" default "10s";
    }

    /// Keeps a visitor on one task.
    Sticky "sticky" {
        /// The cookie that remembers it.
        cookie: need(HeaderName) "cookie";
    }

    /// The most requests of one visitor.
    RateLimit "rate-limit" {
        /// How many.
        count: arg(u32) "N";
        /// In which time.
        per: value(Duration) "per" default "1s";
        /// How many may come at once beyond that.
        burst: value(u32) "burst" default "0";
    }

    /// A name and a password.
    BasicAuth "basic-auth" {
        /// A secret in the form of a htpasswd file.
        secret: need(SecretRef) "secret";
    }

    /// Another service that decides.
    ForwardAuth "forward-auth" {
        /// The URL that is asked; 2xx lets the request pass.
        url: arg(Url) "URL";
        /// Headers of its answer that are added to the request, separated by spaces.
        copy: value(Scalar) "copy";
    }

    /// Which other sites' pages may ask.
    Cors "cors" {
        /// Origins such as `https://www.example.com`, or `*`.
        origin: set(Scalar) "origin";
        /// Methods they may use.
        method: set(Method) "method";
        /// Headers they may send.
        header: set(HeaderName) "header";
        /// They may send cookies.
        credentials: flag(bool) "credentials";
        /// How long a browser remembers this.
        max_age: value(Duration) "max-age";
    }

    /// A path that leads elsewhere.
    Redirect "redirect" {
        /// The path.
        from: arg(UrlPath) "FROM";
        /// Where to: a path or a URL. The query is kept.
        to: need(Scalar) "to";
        /// The status of the answer; without one Traefik, which has no 308, answers with 301.
        status: value(u16) "status" default "308";
        /// The path alone, or everything below it with the rest of the path kept.
        kind: value(PathKind) "kind" default "exact";
    }
}
