//! The nodes' name server, which knows no name.
//!
//! Docker's own server in the containers asks it for every name that is no service's, and when
//! nobody answers stays silent itself, so that a look-up would take a resolver's 10 s to fail.

use std::io;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Slot, net};
use crate::repo;

/// Starts it in the switch's namespace, whose end is its end too.
pub(super) fn start(slot: Slot) -> Result<(), String> {
    let switch = Path::new("/run/netns").join(net::switch_name(slot));
    Command::new("nsenter")
        .arg(format!("--net={}", switch.display()))
        .args([
            "setsid",
            &repo::this_program(),
            "engine",
            "names",
            &net::gateway(slot),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|e| format!("cannot start the name server: {e}"))
}

/// Answers until killed.
pub(super) fn serve(address: &str) -> io::Result<()> {
    let socket = UdpSocket::bind((address, 53))?;
    let mut packet = [0; 1500];
    loop {
        let (length, asker) = socket.recv_from(&mut packet)?;
        if let Some(answer) = no_such_name(&packet[..length]) {
            socket.send_to(&answer, asker)?;
        }
    }
}

/// The question with the flags "answer, recursion, NXDOMAIN" of RFC 1035, 4.1.1.
fn no_such_name(query: &[u8]) -> Option<Vec<u8>> {
    let (header, question) = query.split_at_checked(12)?;
    let name = question.iter().position(|byte| *byte == 0)?;
    let kind_and_class = 4;
    let question = question.get(..=name + kind_and_class)?;
    let mut answer = header[..2].to_vec();
    answer.extend([0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0]);
    answer.extend(question);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::no_such_name;

    #[test]
    fn a_query_is_answered_with_its_own_question_and_without_its_extras() {
        let header = [7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        let question = *b"\x03web\0\0\x01\0\x01";
        let query = [&header[..], &question, b"\0\0\x29more"].concat();
        let answer = no_such_name(&query).expect("a whole query");
        assert_eq!(answer[..2], [7, 9]);
        assert_eq!(answer[2..12], [0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(answer[12..], question);
    }

    #[test]
    fn a_cut_query_is_not_answered() {
        assert_eq!(no_such_name(b"\x07\x09\x01"), None);
        assert_eq!(no_such_name(&[1; 40]), None);
    }
}
