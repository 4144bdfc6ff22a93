//! Values that a config can hold, or what keeps them from it.

use std::fmt::Display;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::{At, Span};
use skep_schema::spec::{self, Cidr};
use skep_schema::units::Duration;

use crate::lower::Lower;
use crate::proxy::{self, Millis, Proxy, Raw, Unfit};

impl Lower<'_, '_, '_> {
    /// Text for the gateway's own proxy; what is for another one is pointed out.
    pub(in crate::lower) fn raw(&mut self, proxy: Proxy, all: &[spec::Raw]) -> Vec<Raw> {
        let mut kept = Vec::new();
        for raw in all {
            let wanted = super::proxy(raw.proxy.value);
            let message = if wanted == proxy {
                format!("this goes into the config of {proxy} as it is")
            } else {
                format!("this is for {wanted}, and the gateway runs {proxy}: it is left out")
            };
            self.cx.report(
                Diagnostic::new(Code::RawText, raw.span, message)
                    .help("use a property of the route where there is one"),
            );
            if wanted == proxy {
                kept.extend(self.fit(
                    Raw::new(proxy, &raw.text.value),
                    &"this text",
                    raw.text.span,
                ));
            }
        }
        kept
    }

    pub(in crate::lower) fn ranges(&mut self, all: &[At<Cidr>]) -> Vec<proxy::Cidr> {
        let mut ranges: Vec<proxy::Cidr> = Vec::new();
        for range in all {
            ranges.extend(self.fit(
                proxy::Cidr::parse(range.value.as_str()),
                &range.value,
                range.span,
            ));
        }
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    }

    pub(super) fn millis(&mut self, duration: Duration, span: Span) -> Option<Millis> {
        self.fit(Millis::new(duration.as_std()), &duration, span)
    }

    pub(super) fn at_least_one<N: Copy + Display, T>(
        &mut self,
        number: N,
        span: Span,
        read: fn(N) -> Option<T>,
    ) -> Option<T> {
        self.fit(
            read(number).ok_or(Unfit::Rule("is too little: write 1 or more")),
            &number,
            span,
        )
    }

    /// A value that a config can hold, or what keeps it from that.
    pub(in crate::lower) fn fit<T>(
        &mut self,
        value: Result<T, Unfit>,
        text: &dyn Display,
        span: Span,
    ) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(unfit) => {
                self.error(Diagnostic::new(
                    Code::BadProxyValue,
                    span,
                    format!("`{text}` {unfit}"),
                ));
                None
            }
        }
    }
}
