//! Who applies, as others are told, and whether an earlier one on this machine still lives.

use skep_engine::lock::Holder;

/// This process, for one lease.
pub fn this(purpose: &str) -> Holder {
    let nonce = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    Holder {
        who: who(),
        purpose: purpose.to_owned(),
        process: format!("{} {}", std::process::id(), world().unwrap_or_else(unknown)),
        nonce: format!("{} {nonce:x}", std::process::id()),
    }
}

/// `ann@laptop`
pub fn who() -> String {
    let user = ["SKEP_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        .unwrap_or_else(|| "somebody".to_owned());
    format!("{user}@{}", host())
}

/// A daemon on this machine, `skep@m1`.
pub fn daemon() -> String {
    format!("skep@{}", host())
}

fn host() -> String {
    let host = read("/proc/sys/kernel/hostname").or_else(|| std::env::var("HOSTNAME").ok());
    host.unwrap_or_else(unknown)
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// Whether the holder was a process of this machine that has ended. Of other machines nothing is
/// known, and nothing is assumed; nor on a system that tells no boots apart.
pub fn is_gone(holder: &Holder) -> bool {
    holder.process.split_once(' ').is_some_and(|(pid, theirs)| {
        is_ours(theirs, world().as_deref()) && !std::path::Path::new("/proc").join(pid).exists()
    })
}

fn is_ours(theirs: &str, ours: Option<&str>) -> bool {
    ours == Some(theirs)
}

/// What process numbers mean something in: this boot, and this namespace of processes.
fn world() -> Option<String> {
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    Some(format!("{boot} {}", namespace.display()))
}

fn read(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(process: String) -> Holder {
        Holder {
            process,
            ..this("apply")
        }
    }

    #[test]
    fn only_a_process_of_this_machine_can_be_known_to_be_gone() {
        let here = world().expect("the tests run on Linux");
        assert!(!is_gone(&this("apply")), "this process lives");
        assert!(
            is_gone(&holder(format!("4194305 {here}"))),
            "no process has this number"
        );
        assert!(!is_gone(&holder("4194305 another boot".to_owned())));
        assert!(!is_gone(&holder("4194305 unknown".to_owned())));
        assert!(
            !is_ours("unknown", None),
            "two machines that know nothing are not one"
        );
    }
}
