//! Matches and redirects.

use std::num::NonZeroU64;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::At;
use skep_schema::spec::{self, Declared, Gateway, Match, PathKind};

use super::{Routed, proxy_of};
use crate::lower::Lower;
use crate::lower::plain::{flag, value};
use crate::proxy::{
    Action, CookieName, Forward, Location, Path, PathEdit, PathMatch, Proxy, Redirect,
    RedirectStatus, Rule, Unfit,
};

impl Lower<'_, '_, '_> {
    pub(super) fn forward(
        &mut self,
        gateway: &Declared<Gateway>,
        rule: &Match,
        into: &mut Routed,
    ) -> Option<Rule> {
        let Match {
            span: _,
            path,
            kind,
            to,
            strip_prefix,
            rewrite,
            header,
            request_header,
            timeout,
            retry,
            health,
            sticky,
            websocket,
            compress,
            rate_limit,
            allow,
            deny,
            basic_auth,
            forward_auth,
            max_body,
            cors,
            raw,
        } = rule;
        let path = self.path_match(path, value(kind.as_ref()).unwrap_or(PathKind::Prefix))?;
        let upstreams = self.upstreams(gateway, rule, to)?;
        let mut forward = Forward::new(upstreams);
        forward.path = self.path_edit(&path, strip_prefix.as_deref(), rewrite.as_ref());
        forward.response_headers = self.header_ops(header.as_deref());
        forward.request_headers = self.header_ops(request_header.as_deref());
        forward.timeout = timeout
            .as_ref()
            .and_then(|timeout| self.millis(timeout.value, timeout.span));
        forward.retries = retry.as_ref().and_then(|retry| self.retries(retry));
        forward.health = health.as_ref().and_then(|health| self.route_health(health));
        forward.sticky = sticky.as_ref().and_then(|sticky| {
            self.fit(
                CookieName::parse(sticky.cookie.value.as_str()),
                &sticky.cookie.value,
                sticky.cookie.span,
            )
        });
        forward.websocket = flag(websocket.as_ref());
        forward.compress = flag(compress.as_ref());
        forward.rate_limit = rate_limit.as_ref().and_then(|limit| self.rate_limit(limit));
        forward.allow = self.ranges(allow);
        forward.deny = self.ranges(deny);
        forward.basic_auth = basic_auth
            .as_ref()
            .and_then(|auth| self.password_file(&auth.secret, into));
        forward.forward_auth = forward_auth
            .as_ref()
            .and_then(|auth| self.forward_auth(auth));
        forward.max_body = max_body
            .as_ref()
            .and_then(|most| self.at_least_one(most.value.0, most.span, NonZeroU64::new));
        forward.cors = cors.as_ref().and_then(|cors| self.cors(cors));
        forward.raw = self.raw(proxy_of(&gateway.node), raw);
        Some(Rule {
            path,
            action: Action::Forward(Box::new(forward)),
        })
    }

    pub(super) fn redirect(&mut self, redirect: &spec::Redirect, proxy: Proxy) -> Option<Rule> {
        let path = self.path_match(
            &redirect.from,
            value(redirect.kind.as_ref()).unwrap_or(PathKind::Exact),
        )?;
        let to = self.fit(
            Location::parse(&redirect.to.value.0),
            &redirect.to.value.0,
            redirect.to.span,
        )?;
        let code =
            value(redirect.status.as_ref()).unwrap_or_else(|| self.edition.values.redirect(proxy));
        let status = RedirectStatus::from_code(code).ok_or(Unfit::Rule(
            "is no status of a redirect: use 301, 302, 303, 307 or 308",
        ));
        let place = redirect
            .status
            .as_ref()
            .map_or(redirect.span, |status| status.span);
        let status = self.fit(status, &code, place)?;
        Some(Rule {
            path,
            action: Action::Redirect(Redirect { to, status }),
        })
    }

    fn path_match(&mut self, path: &At<spec::UrlPath>, kind: PathKind) -> Option<PathMatch> {
        let parsed = self.fit(Path::parse(path.value.as_str()), &path.value, path.span)?;
        Some(match kind {
            PathKind::Prefix => PathMatch::Prefix(parsed),
            PathKind::Exact => PathMatch::Exact(parsed),
        })
    }

    fn path_edit(
        &mut self,
        path: &PathMatch,
        strip: Option<&spec::StripPrefix>,
        rewrite: Option<&At<spec::UrlPath>>,
    ) -> PathEdit {
        if let (Some(strip), Some(rewrite)) = (strip, rewrite) {
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    rewrite.span,
                    "`rewrite` and `strip-prefix` both change the path",
                )
                .and(strip.span, "`strip-prefix` is here")
                .help("keep one of them: `rewrite` puts its path in the place of the matched one"),
            );
        }
        let stripped = strip.and_then(|strip| self.strip(path, strip));
        let rewritten =
            rewrite.and_then(|to| self.fit(Path::parse(to.value.as_str()), &to.value, to.span));
        stripped
            .or(rewritten.map(PathEdit::Rewrite))
            .unwrap_or(PathEdit::Keep)
    }

    fn strip(&mut self, path: &PathMatch, strip: &spec::StripPrefix) -> Option<PathEdit> {
        let prefix = match &strip.path {
            Some(written) => Some(self.fit(
                Path::parse(written.value.as_str()),
                &written.value,
                written.span,
            )?),
            None => None,
        };
        let edit = path.strip(prefix.as_ref());
        if edit.is_none() {
            let prefix = prefix.as_ref().map_or("", |prefix| prefix.escaped());
            let message = format!("`{prefix}` is not in front of `{}`", path.path());
            self.error(
                Diagnostic::new(Code::Contradiction, strip.span, message)
                    .help("strip the matched path or its first segments"),
            );
        }
        edit
    }

    fn retries(&mut self, retry: &At<u32>) -> Option<u8> {
        let few = u8::try_from(retry.value).map_err(|_| Unfit::Rule("is more than 255 tries"));
        self.fit(few, &retry.value, retry.span)
    }
}
