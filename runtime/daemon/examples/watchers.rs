//! What many who follow events cost a daemon: its memory before, with them, and how soon it says that it
//! lives meanwhile.
//!
//! `cargo run -p skep-daemon --example watchers -- SOCKET PID [COUNT]`

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Questions whether it lives, from which the slowest are told.
const QUESTIONS: usize = 500;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [socket, pid, more @ ..] = words.as_slice() else {
        return Err("say SOCKET PID [COUNT]".into());
    };
    let count: usize = more.first().map_or(Ok(2_000), |count| count.parse())?;
    let before = memory(pid)?;
    println!("alone: {before} KiB, {:?}", answers(socket).await?);
    let mut watchers = Vec::new();
    for _ in 0..count {
        watchers.push(follow(socket).await?);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let with = memory(pid)?;
    let times = answers(socket).await?;
    println!("with {count} who follow: {with} KiB, {times:?}");
    println!(
        "each: {} bytes",
        (with.saturating_sub(before)) * 1024 / count as u64
    );
    drop(watchers);
    Ok(())
}

/// What the daemon has in memory, in KiB.
fn memory(pid: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let line = line.ok_or("no such process")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

async fn follow(socket: &str) -> Outcome<UnixStream> {
    let mut stream = UnixStream::connect(socket).await?;
    let request = b"GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await?;
    let mut begin = [0; 64];
    let read = stream.read(&mut begin).await?;
    let begin = String::from_utf8_lossy(&begin[..read]).into_owned();
    if begin.starts_with("HTTP/1.1 200") {
        Ok(stream)
    } else {
        Err(begin.into())
    }
}

/// The median time of an answer, and that of the slowest hundredth.
async fn answers(socket: &str) -> Outcome<(Duration, Duration)> {
    let mut times = Vec::new();
    for _ in 0..QUESTIONS {
        let begun = Instant::now();
        let mut stream = UnixStream::connect(socket).await?;
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok((times[QUESTIONS / 2], times[QUESTIONS * 99 / 100]))
}
