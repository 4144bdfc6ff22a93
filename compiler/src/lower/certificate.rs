//! Certificates: two secrets each, declared or made from files.

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, Secret, SecretSource, Target};
use skep_schema::spec::{Certificate, Declared, File};

use super::Lower;

/// The addresses of the secrets that hold a certificate's chain and its key.
pub(super) fn secrets_of(name: &str, certificate: &Certificate) -> [Address; 2] {
    let declared = certificate
        .secret
        .as_ref()
        .map(|secret| [&secret.cert, &secret.key]);
    declared.map_or_else(
        || ["cert", "key"].map(|part| Address::new(Kind::Secret, name).part(part)),
        |pair| pair.map(|secret| Address::new(Kind::Secret, secret.value.as_str())),
    )
}

impl Lower<'_, '_, '_> {
    /// Makes secrets of the files of certificates.
    pub(super) fn certificates(&mut self) {
        for (name, certificate) in &self.spec.certificates {
            self.within(certificate, |lower| {
                lower.certificate_files(name, certificate);
            });
        }
    }

    fn certificate_files(&mut self, name: &str, certificate: &Declared<Certificate>) {
        let Certificate { secret, file, .. } = &*certificate.node;
        let choices = [
            ("secret", secret.as_ref().map(|secret| secret.span)),
            ("file", file.as_ref().map(|file| file.span)),
        ];
        let one = self.exactly_one("certificate", certificate.name, &choices);
        if let (true, Some(files)) = (one, file) {
            self.file_secret(name, "cert", &files.cert.value, certificate);
            self.file_secret(name, "key", &files.key.value, certificate);
        }
    }

    fn file_secret(
        &mut self,
        name: &str,
        part: &str,
        file: &File,
        certificate: &Declared<Certificate>,
    ) {
        let secret = Secret {
            // No name of the language has a dot, so no declared secret can be called like this.
            name: self.names.open(&format!("{name}.{part}")),
            source: SecretSource::File(file.as_str().to_owned()),
            labels: [].into(),
        };
        let address = Address::new(Kind::Secret, name).part(part);
        self.put(address, Target::Swarm, Payload::Secret(secret), certificate);
    }
}
