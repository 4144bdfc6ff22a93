//! What a gateway finds in a swarm: a DNS with a record for each replica, and the replicas.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Services, each with the last numbers of its replicas' addresses, all on one port of 127.0.0.0/8.
///
/// A number below 200 is a replica that works; one from 200 up has an address and nothing behind it.
pub(crate) struct World {
    pub(crate) dns: SocketAddr,
    pub(crate) port: u16,
}

const SERVICES: &[(&str, &[u8])] = &[
    ("tasks.web", &[2]),
    ("tasks.api", &[3, 4]),
    ("tasks.half", &[5, 250]),
    ("tasks.auth", &[6]),
    ("tasks.sick", &[7, 8]),
    ("tasks.old", &[9]),
    ("tasks.new", &[10]),
    ("tasks.app", &[11]),
    ("tasks.any", &[12]),
    ("tasks.both", &[13]),
    ("tasks.plain", &[14]),
];

type Services = &'static [(&'static str, &'static [u8])];

impl World {
    /// Its threads end with the test's process.
    pub(crate) fn start() -> Self {
        let names = Arc::new(SERVICES.iter().copied().collect::<BTreeMap<_, _>>());
        let (port, listeners) = listeners(SERVICES);
        for (service, number, listener) in listeners {
            thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    thread::spawn(move || serve(service, number, stream));
                }
            });
        }
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let dns = socket.local_addr().unwrap();
        thread::spawn(move || answer_names(&socket, &names));
        Self { dns, port }
    }
}

fn listeners(services: Services) -> (u16, Vec<(&'static str, u8, TcpListener)>) {
    let replicas = || {
        services
            .iter()
            .flat_map(|(service, numbers)| numbers.iter().map(move |number| (*service, *number)))
    };
    for _ in 0..50 {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let bound: Result<Vec<_>, _> = replicas()
            .filter(|(_, number)| *number < 200)
            .map(|(service, number)| {
                TcpListener::bind((address(number), port))
                    .map(|listener| (service, number, listener))
            })
            .collect();
        if let Ok(bound) = bound {
            return (port, bound);
        }
    }
    panic!("no port is free on every address");
}

fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 7, number)
}

/// Answers questions for A records; a service has no other, and no other name has any.
fn answer_names(socket: &UdpSocket, names: &BTreeMap<&str, &[u8]>) {
    let mut question = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        if let Some(answer) = answer(&question[..length], names) {
            let _lost = socket.send_to(&answer, from);
        }
    }
}

fn answer(question: &[u8], names: &BTreeMap<&str, &[u8]>) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    while *question.get(at)? != 0 {
        let length = usize::from(question[at]);
        labels.push(
            String::from_utf8_lossy(question.get(at + 1..=at + length)?).to_ascii_lowercase(),
        );
        at += length + 1;
    }
    let kind = u16::from_be_bytes([*question.get(at + 1)?, *question.get(at + 2)?]);
    let replicas = names.get(labels.join(".").as_str());
    let records: &[u8] = if kind == 1 {
        replicas.copied().unwrap_or_default()
    } else {
        &[]
    };
    let refused = if replicas.is_some() { 0 } else { 3 };
    let mut answer = question.get(..2)?.to_vec();
    answer.extend([
        0x81,
        0x80 | refused,
        0,
        1,
        0,
        u8::try_from(records.len()).ok()?,
        0,
        0,
        0,
        0,
    ]);
    answer.extend(&question[12..at + 5]);
    for number in records {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 2, 0x58, 0, 4]);
        answer.extend(address(*number).octets());
    }
    Some(answer)
}

/// Serves requests of one connection until it closes.
fn serve(service: &str, number: u8, stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(head) = read_head(&mut reader) {
        let length = header(&head, "content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err()
            || !respond(service, number, &head, &mut reader, &mut writer)
        {
            return;
        }
    }
}

fn read_head(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        let length = reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" if length == 0 => return None,
            "" => return Some(head),
            line => head.push(line.to_owned()),
        }
    }
}

pub(crate) fn header<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    head.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Tells back what was asked; false when the connection is done.
fn respond(
    service: &str,
    number: u8,
    head: &[String],
    reader: &mut impl Read,
    writer: &mut TcpStream,
) -> bool {
    let target = head[0].split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    if header(head, "upgrade").is_some() && path.ends_with("/echo") {
        return echo(reader, writer);
    }
    if path.ends_with("/slow") {
        thread::sleep(Duration::from_secs(2));
    }
    let (status, more) = match (service, path) {
        ("tasks.auth", _) if header(head, "x-letter") == Some("let me in") => {
            ("204 No Content", "Remote-User: alice\r\n")
        }
        ("tasks.auth", _) if header(head, "x-letter") == Some("nobody") => ("204 No Content", ""),
        ("tasks.auth", _) => ("401 Unauthorized", "WWW-Authenticate: Letter\r\n"),
        ("tasks.sick", "/healthz") if number % 2 == 1 => ("503 Service Unavailable", ""),
        _ => ("200 OK", ""),
    };
    let body = match status {
        "204 No Content" => String::new(),
        _ => format!(
            "{service}/{number}\n{}\n{}\n",
            head.join("\n"),
            "-".repeat(2000)
        ),
    };
    let own = "Content-Type: text/plain\r\nServer: backend\r\nX-Powered-By: backend\r\nX-Replaced: backend\r\n\
               Access-Control-Allow-Origin: https://backend.test\r\n";
    let answer = format!(
        "HTTP/1.1 {status}\r\n{own}{more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    writer.write_all(answer.as_bytes()).is_ok()
}

fn echo(reader: &mut impl Read, writer: &mut TcpStream) -> bool {
    // The answer to the one key the tests send.
    let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut bytes = [0; 256];
    let mut alive = writer.write_all(switched.as_bytes()).is_ok();
    while alive {
        alive = match reader.read(&mut bytes) {
            Ok(length @ 1..) => writer.write_all(&bytes[..length]).is_ok(),
            Ok(0) | Err(_) => false,
        };
    }
    false
}

/// An answer as it came over the wire.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The header as the replica got it, from the request it tells back.
    pub(crate) fn seen(&self, name: &str) -> Option<String> {
        let head: Vec<String> = self.body.lines().map(str::to_owned).collect();
        header(&head, name).map(str::to_owned)
    }

    /// `tasks.web/4`
    pub(crate) fn replica(&self) -> &str {
        self.body
            .lines()
            .find(|line| line.starts_with("tasks."))
            .unwrap_or_default()
    }

    /// Status, and with it who answered to which target, or where to go.
    pub(crate) fn outcome(&self) -> String {
        let service = self.replica().split('/').next().unwrap_or_default();
        let target = self
            .body
            .lines()
            .find(|line| line.ends_with("HTTP/1.1"))
            .and_then(|line| line.split(' ').nth(1));
        match (self.status, self.header("location"), target) {
            (200, _, Some(target)) => format!("200 {service} {target}"),
            (300..=399, Some(location), _) => format!("{} {location}", self.status),
            (status, _, _) => status.to_string(),
        }
    }
}

/// Sends `METHOD TARGET` with header lines to a port of this machine.
pub(crate) fn ask(
    port: u16,
    host: &str,
    request: &str,
    headers: &[&str],
    body: &str,
) -> Option<Answer> {
    let (method, target) = request.split_once(' ').unwrap();
    let mut lines = vec![
        format!("{method} {target} HTTP/1.1"),
        format!("Host: {host}"),
        "Connection: close".to_owned(),
    ];
    lines.extend(headers.iter().map(|line| (*line).to_owned()));
    if method == "POST" {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    let text = lines.join("\r\n") + "\r\n\r\n" + body;
    let mut stream = TcpStream::connect((IpAddr::V4(Ipv4Addr::LOCALHOST), port)).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _cut_short = stream.read_to_end(&mut answer);
    understand(&answer)
}

pub(crate) fn understand(answer: &[u8]) -> Option<Answer> {
    let mut reader = BufReader::new(answer);
    let head = read_head(&mut reader)?;
    let status = head.first()?.split(' ').nth(1)?.parse().ok()?;
    let mut body = Vec::new();
    reader.read_to_end(&mut body).ok()?;
    Some(Answer {
        status,
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
