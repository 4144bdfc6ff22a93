//! Published ports, in the short form and the long one.

use skep_schema::span::Span;

use super::Service;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::words;
use crate::yaml::{Value, Yaml};

/// A port as it is written, its parts still texts.
#[derive(Debug, Default)]
struct Port {
    target: String,
    published: Option<String>,
    protocol: Option<String>,
    host_mode: bool,
    address: Option<String>,
}

impl Service<'_> {
    pub(super) fn ports(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        for item in value.as_list().into_iter().flatten() {
            let port = match &item.value {
                Value::Map(_) => long(cx, item),
                Value::Null | Value::Scalar(_) | Value::List(_) => cx
                    .spelled(item)
                    .and_then(|text| cx.splittable(&text, ':', item.span))
                    .map(|text| short(&text)),
            };
            if let Some(port) = port {
                self.publish(cx, &port, item.span);
            }
        }
        if !matches!(value.value, Value::List(_) | Value::Null) {
            cx.invalid(
                value.span,
                "`ports` is a list",
                "mend it: docker refuses it",
            );
        }
    }

    fn publish(&mut self, cx: &mut Cx<'_>, port: &Port, span: Span) {
        if let Some(address) = &port.address {
            let reason = format!(
                "Swarm binds no port to `{address}`: it is open on all addresses, as with docker stack deploy"
            );
            cx.near(span, reason, "keep others out with a firewall");
        }
        let Some(target) = cx.typed(&port.target, span, "port", words::port) else {
            return;
        };
        let Some(published) = &port.published else {
            cx.dropped(
                span,
                format!("docker would choose a port for `{}` by itself", port.target),
                "say which one: publish PORT to=..",
            );
            return;
        };
        let Some(published) = cx.typed(published, span, "port", words::port) else {
            return;
        };
        let mut item = Item::new("publish", span)
            .bare(published)
            .bare_prop("to", target);
        match port.protocol.as_deref() {
            None | Some("" | "tcp" | "TCP") => {}
            Some(protocol) => item = item.prop("protocol", protocol.to_lowercase()),
        }
        if port.host_mode {
            item = item.bare_prop("mode", "host");
        }
        self.push(item);
    }
}

/// `[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]`
fn short(text: &str) -> Port {
    let (rest, protocol) = match text.rsplit_once('/') {
        Some((rest, protocol)) => (rest, Some(protocol.to_owned())),
        None => (text, None),
    };
    let (rest, target) = match rest.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, rest),
    };
    let (address, published) = match rest.map(|rest| rest.rsplit_once(':').ok_or(rest)) {
        None => (None, None),
        Some(Ok((address, published))) => (Some(address.to_owned()), Some(published)),
        Some(Err(published)) => (None, Some(published)),
    };
    Port {
        target: target.to_owned(),
        published: published.filter(|text| !text.is_empty()).map(str::to_owned),
        protocol,
        host_mode: false,
        address: address.filter(|address| !address.is_empty() && address != "0.0.0.0"),
    }
}

fn long(cx: &mut Cx<'_>, item: &Yaml) -> Option<Port> {
    let mut port = Port::default();
    for (key, value) in &item.as_map()?.entries {
        let text = cx.spelled(value)?;
        match key.value.as_str() {
            "target" => port.target = text,
            "published" => port.published = Some(text),
            "protocol" => port.protocol = Some(text),
            "mode" => port.host_mode = cx.literal(&text, value.span)? == "host",
            "host_ip" => port.address = Some(text).filter(|text| text != "0.0.0.0"),
            "app_protocol" | "name" => cx.remark(key.span, "says nothing to Swarm"),
            name if name.starts_with("x-") => {}
            _ => cx.dropped(
                key.span,
                "a port has no such setting",
                "look how it is spelled",
            ),
        }
    }
    Some(port)
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn the_short_form_has_up_to_four_parts() {
        let parts = |text| {
            let port = short(text);
            let all = [
                port.address,
                port.published,
                Some(port.target),
                port.protocol,
            ];
            all.map(Option::unwrap_or_default).join("|")
        };
        for (text, shown) in [
            ("80", "||80|"),
            ("80:81", "|80|81|"),
            ("127.0.0.1:80:81/udp", "127.0.0.1|80|81|udp"),
            ("127.0.0.1::81", "127.0.0.1||81|"),
            ("[::1]:80:81", "[::1]|80|81|"),
            ("8000-8001:9000-9001", "|8000-8001|9000-9001|"),
        ] {
            assert_eq!(parts(text), shown, "{text}");
        }
    }
}
