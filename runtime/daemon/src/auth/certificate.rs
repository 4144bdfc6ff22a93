//! The names in a client's certificate that the handshake has verified.

use skep_schema::api::subject::Name;
use tokio_rustls::rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// DNS names, then URIs, of the subject's alternative names. The common name is no name: nothing says
/// what it is meant as. A wildcard is nobody.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<Name> {
    let Ok(read) = EndEntityCert::try_from(certificate) else {
        return Vec::new();
    };
    let texts = read.valid_dns_names().chain(read.valid_uri_names());
    texts
        .filter(|text| !text.contains('*'))
        .filter_map(|text| text.parse().ok())
        .collect()
}
