//! Volumes, which exist only through the mounts that use them.

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, Target, Volume};
use skep_schema::spec::{self, Declared};

use super::Lower;
use super::plain::{flag, scalar, scalars, unless};

/// The driver of a volume that names none.
const LOCAL: &str = "local";

impl Lower<'_, '_, '_> {
    pub(super) fn volumes(&mut self) {
        for (name, volume) in &self.spec.volumes {
            self.within(volume, |lower| {
                let payload = Payload::Volume(lower.volume(name, volume));
                lower.put(
                    Address::new(Kind::Volume, name),
                    Target::Declared,
                    payload,
                    volume,
                );
            });
        }
    }

    fn volume(&mut self, name: &str, declared: &Declared<spec::Volume>) -> Volume {
        let volume = &declared.node;
        let external = flag(volume.external.as_ref());
        if external {
            self.refuse_beside_external(Kind::Volume, declared, &[]);
        }
        let derived = if external {
            name.to_owned()
        } else {
            self.derived(Kind::Volume, name)
        };
        let written = volume.physical.as_ref().map(|name| name.value.as_str());
        Volume {
            name: self.chosen(Kind::Volume, name, written).unwrap_or(derived),
            driver: unless(scalar(volume.driver.as_ref()), &LOCAL.to_owned()),
            options: scalars(&volume.option),
            labels: self.labels(&volume.label),
            external,
        }
    }
}
