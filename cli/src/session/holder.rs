//! Who applies, as others are told, and whether an earlier one on this machine still lives.

use skep_engine::lock::Holder;

/// This process, for one lease.
pub(crate) fn this(purpose: &str) -> Holder {
    let nonce = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    Holder {
        who: who(),
        purpose: purpose.to_owned(),
        process: format!("{} {}", std::process::id(), world()),
        nonce: format!("{} {nonce:x}", std::process::id()),
    }
}

/// `ann@laptop`
pub(crate) fn who() -> String {
    let user = ["SKEP_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        .unwrap_or_else(|| "somebody".to_owned());
    format!("{user}@{}", read("/proc/sys/kernel/hostname"))
}

/// Whether the holder was a process of this machine that has ended. Of other machines nothing is
/// known, and nothing is assumed.
pub(crate) fn is_gone(holder: &Holder) -> bool {
    holder.process.split_once(' ').is_some_and(|(pid, theirs)| {
        theirs == world() && !std::path::Path::new("/proc").join(pid).exists()
    })
}

/// What process numbers mean something in: this boot, and this namespace of processes.
fn world() -> String {
    let namespace = std::fs::read_link("/proc/self/ns/pid")
        .map_or_else(|_| String::new(), |link| link.display().to_string());
    format!("{} {namespace}", read("/proc/sys/kernel/random/boot_id"))
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() { "unknown" } else { text }.to_owned()
}
