//! Ports by name or number.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::plan::Protocol;
use skep_schema::span::{At, Span};
use skep_schema::spec::{PortRef, Ports, Service, To};

use super::Resolver;

/// Why a port cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortError {
    /// The service has no port of that name.
    Unknown(String),
    /// The service has none, or more than one, and the reference does not say which.
    Unclear,
}

/// The numbers and protocol a reference means on a service; without one, the service's only port.
pub(crate) fn port_of(
    service: &Service,
    port: Option<&PortRef>,
) -> Result<(Ports, Protocol), PortError> {
    let declared = |name: &str| service.port.iter().find(|p| p.name.value.as_str() == name);
    let port = match port {
        Some(PortRef::Number(ports)) => return Ok((*ports, Protocol::Tcp)),
        Some(PortRef::Name(name)) => {
            declared(name).ok_or_else(|| PortError::Unknown(name.clone()))?
        }
        None => match service.port.as_slice() {
            [only] => only,
            _ => return Err(PortError::Unclear),
        },
    };
    let number = port.number.value.0;
    let protocol = port.protocol.as_ref().map_or(Protocol::Tcp, |p| p.value);
    Ok((
        Ports {
            first: number,
            last: number,
        },
        protocol,
    ))
}

impl Resolver<'_, '_> {
    pub(super) fn target_port(&mut self, to: &To) {
        let Some(target) = self.spec.services.get(to.service.value.as_str()) else {
            return;
        };
        let span = to.port.as_ref().map_or(to.service.span, |p| p.span);
        self.check_port(&target.node, to.port.as_ref(), span);
    }

    /// Reports a port reference that means nothing on the service.
    pub(super) fn check_port(&mut self, service: &Service, port: Option<&At<PortRef>>, span: Span) {
        let name = service.name.value.as_str();
        match port_of(service, port.map(|p| &p.value)) {
            Ok(_) => {}
            Err(PortError::Unknown(wanted)) => {
                let known = service.port.iter().map(|p| p.name.value.as_str());
                let message = format!("service `{name}` has no port `{wanted}`");
                let diagnostic = Diagnostic::new(Code::UnknownPort, span, message)
                    .and(service.name.span, "the service is declared here");
                self.cx.report(match nearest(&wanted, known) {
                    Some(near) => diagnostic
                        .label(format!("did you mean `{near}`?"))
                        .help(format!("write `{near}`")),
                    None => diagnostic.help(format!(
                        "declare it in the service: port {wanted} 8080, or write a number"
                    )),
                });
            }
            Err(PortError::Unclear) => {
                let message = format!("it is unclear which port of service `{name}` is meant");
                self.cx.report(
                    Diagnostic::new(Code::UnclearPort, span, message)
                        .and(service.name.span, "the service is declared here")
                        .help("say it: port=NAME, or port=8080"),
                );
            }
        }
    }
}
