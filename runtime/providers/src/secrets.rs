//! Values of secrets: read where the plan says, kept in memory, shown to nobody.
//!
//! Bytes are taken as they are. A trailing newline of a file or of a command's output belongs to
//! the value, because nobody could say later whether it was meant: write the file with `printf`.

mod confined;
mod fill;
mod missing;
mod read;
mod redact;

use std::collections::BTreeMap;
use std::fmt;

use skep_schema::address::{Address, Kind};
use skep_schema::plan::Plan;

pub(crate) use fill::variable_fingerprint;
pub use fill::{fill, fingerprint, new_key};
pub use missing::Missing;
pub use redact::Redact;

/// The longest value the engine takes, in bytes.
pub const LONGEST: usize = 500 * 1024 - 1;

/// The value of a secret. It is neither printed nor serialized, and overwritten when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over; spare capacity is kept, so that no copy of them stays behind.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one request or hash that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without a reader the compiler may leave the writes out.
        std::hint::black_box(&mut self.0);
    }
}

/// The values at hand for one plan, and why the others are not.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    values: BTreeMap<Address, SecretBytes>,
    missing: BTreeMap<Address, Missing>,
}

impl Secrets {
    /// These with one more value; for tests and for values that come from elsewhere.
    #[must_use]
    pub fn with(mut self, address: Address, bytes: SecretBytes) -> Self {
        self.missing.remove(&address);
        self.values.insert(address, bytes);
        self
    }

    pub fn get(&self, address: &Address) -> Option<&SecretBytes> {
        self.values.get(address)
    }

    /// Secrets of the plan without a value here, and what to do about each.
    pub fn lacking(&self, plan: &Plan) -> BTreeMap<Address, String> {
        let all = plan.nodes.keys();
        let lacking =
            all.filter(|address| address.kind == Kind::Secret && self.get(address).is_none());
        lacking
            .map(|address| (address.clone(), self.why(address)))
            .collect()
    }

    /// Why each of the plan's other secrets has no value here.
    pub const fn missing(&self) -> &BTreeMap<Address, Missing> {
        &self.missing
    }

    /// What to tell the author about a value that is needed and not there.
    pub fn why(&self, address: &Address) -> String {
        match self.missing.get(address) {
            Some(missing) => format!("`{address}` has no value: {missing}; {}", missing.help()),
            None => format!("`{address}` has no value: the plan does not declare it"),
        }
    }
}
