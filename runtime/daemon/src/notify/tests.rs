use std::path::PathBuf;

use serde_json::Value;
use skep_schema::api::event::{STACK_EVENT_FORMAT, StackEventLine};
use skep_schema::api::stack::{LastApply, StackEvent, StackState, Wait};
use skep_schema::daemon::MailServer;
use skep_schema::event::{Event, Outcome};
use skep_schema::inventory::{FailedTask, Failure, Verdict};
use skep_schema::spec::WebhookForm;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::settings::{self, Address, MailLogin};
use crate::webhook::{Secret, verify};

fn notice(title: &str) -> Notice {
    Notice {
        stack: "shop@prod".to_owned(),
        kind: NoticeKind::Failed,
        title: title.to_owned(),
        text: "service.api: it crashes".to_owned(),
        at: Timestamp(1_700_000_000_000),
    }
}

fn kept(text: &str) -> (tempfile::NamedTempFile, PathBuf) {
    let file = tempfile::NamedTempFile::new().expect("there is room for a file");
    std::fs::write(file.path(), text).expect("it is ours");
    let path = file.path().to_owned();
    (file, path)
}

/// A request as it came in, its head in small letters.
struct Heard {
    head: String,
    body: Vec<u8>,
}

/// A server that answers each request with the next of some statuses, and hands over what it heard.
async fn server(statuses: Vec<u16>) -> (String, mpsc::Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (tell, heard) = mpsc::channel(16);
    tokio::spawn(async move {
        for status in statuses {
            let (stream, _) = listener.accept().await.expect("somebody calls");
            tell.send(answer(stream, status).await)
                .await
                .expect("the test listens");
        }
    });
    (url, heard)
}

async fn answer(mut stream: TcpStream, status: u16) -> Heard {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole head comes"));
    }
    let head = String::from_utf8(head).expect("it is text").to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length
        .expect("it has a length")
        .parse()
        .expect("it is a number");
    let mut body = vec![0; length];
    stream
        .read_exact(&mut body)
        .await
        .expect("a whole body comes");
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream
        .write_all(answer.as_bytes())
        .await
        .expect("somebody listens");
    Heard { head, body }
}

fn header<'h>(heard: &'h Heard, name: &str) -> Option<&'h str> {
    let mut lines = heard.head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn hook(url: Address, secret: Option<PathBuf>) -> Way {
    Way::of(&settings::Way::Webhook {
        url,
        secret,
        ca: None,
    })
}

#[tokio::test]
async fn a_call_has_what_happened_and_a_signature_that_our_own_webhooks_believe() {
    let (url, mut heard) = server(vec![204]).await;
    let (_file, secret) = kept("correct horse battery staple\n");
    let way = hook(Address::Url(format!("{url}/skep")), Some(secret));
    way.send(&Parcel::of(notice("an apply failed")))
        .await
        .expect("it is taken");
    let heard = heard.recv().await.expect("it came");
    assert!(
        heard.head.starts_with("post /skep http/1.1\r\n"),
        "{}",
        heard.head
    );
    let body: Value = serde_json::from_slice(&heard.body).expect("it is JSON");
    assert_eq!(body["format"], "skep.notice/1");
    assert_eq!(body["stack"], "shop@prod");
    assert_eq!(body["notices"][0]["kind"], "failed");
    assert_eq!(body["notices"][0]["title"], "an apply failed");
    let mut headers = hyper::HeaderMap::new();
    let signature = header(&heard, "x-skep-signature").expect("it is signed");
    headers.insert(
        "x-skep-signature",
        signature.parse().expect("it is a value"),
    );
    let secrets = [Secret::of("correct horse battery staple").expect("it is long")];
    let verified = verify(WebhookForm::Plain, &secrets, &headers, &heard.body, now());
    assert!(verified.is_ok(), "{verified:?}");
    assert!(header(&heard, "webhook-signature").is_some_and(|tag| tag.starts_with("v1,")));
}

#[tokio::test]
async fn an_address_that_is_a_secret_is_in_no_error() {
    let (_file, url) = kept("http://127.0.0.1:1/services/T0/hunter2\n");
    let way = hook(Address::InFile(url), None);
    let error = way
        .send(&Parcel::of(notice("a")))
        .await
        .expect_err("nobody is there");
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
    let (_file, url) = kept("not an address with hunter2 in it\n");
    let way = hook(Address::InFile(url), None);
    let error = way
        .send(&Parcel::of(notice("a")))
        .await
        .expect_err("it is no address");
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
    let way = hook(Address::InFile("/nonexistent/url".into()), None);
    let error = way
        .send(&Parcel::of(notice("a")))
        .await
        .expect_err("it is not there");
    assert!(
        error
            .to_string()
            .starts_with("cannot read /nonexistent/url"),
        "{error}"
    );
}

#[tokio::test]
async fn ntfy_gets_a_message_for_its_topic() {
    let (url, mut heard) = server(vec![200]).await;
    let (_file, token) = kept("tk_1234\n");
    let way = Way::of(&settings::Way::Ntfy {
        url: format!("{url}/ops"),
        token: Some(token),
        ca: None,
    });
    let mut parcel = Parcel::of(notice("an apply failed"));
    parcel.notices.push(notice("größer\nals gedacht"));
    parcel.notices[1].text = "ü".repeat(LONG);
    way.send(&parcel).await.expect("it is taken");
    let heard = heard.recv().await.expect("it came");
    assert!(
        heard.head.starts_with("post / http/1.1\r\n"),
        "{}",
        heard.head
    );
    assert_eq!(header(&heard, "authorization"), Some("bearer tk_1234"));
    let body: Value = serde_json::from_slice(&heard.body).expect("it is JSON");
    assert_eq!(body["topic"], "ops");
    assert_eq!(
        body["title"],
        "shop@prod: größer als gedacht, and 1 before it"
    );
    assert_eq!(body["priority"], 5);
    let message = body["message"].as_str().expect("it is text");
    let start = "2023-11-14 22:13:20 UTC [failed] an apply failed\nservice.api: it crashes\n\n";
    assert!(message.starts_with(start), "{message}");
    assert!(message.len() <= 4096);
}

const LONG: usize = 5_000;

/// A server that takes one mail and tells what was said to it.
async fn mail_server() -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback is there");
    let port = listener.local_addr().expect("it is bound").port();
    let said = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody calls");
        let mut stream = BufReader::new(stream);
        let mut said = String::new();
        let mut in_mail = false;
        stream.write_all(b"220 test\r\n").await.expect("it listens");
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.expect("it is text") == 0 {
                return said;
            }
            said.push_str(&line);
            let answer: &[u8] = match line.split_whitespace().next().unwrap_or("") {
                "." => {
                    in_mail = false;
                    b"250 taken\r\n"
                }
                _ if in_mail => continue,
                "EHLO" => b"250-test\r\n250 AUTH PLAIN\r\n",
                "AUTH" => b"235 welcome\r\n",
                "DATA" => {
                    in_mail = true;
                    b"354 go on\r\n"
                }
                "QUIT" => b"221 bye\r\n",
                _ => b"250 fine\r\n",
            };
            stream.write_all(answer).await.expect("it listens");
        }
    });
    (port, said)
}

fn mail(port: u16, tls: bool, login: Option<MailLogin>) -> Way {
    Way::of(&settings::Way::Smtp {
        server: MailServer {
            tls,
            host: "127.0.0.1".to_owned(),
            port,
        },
        from: "skep@example.org".to_owned(),
        to: vec!["ops@example.org".to_owned(), "night@example.org".to_owned()],
        login,
        ca: None,
    })
}

#[tokio::test]
async fn a_mail_goes_to_all_its_receivers() {
    let (port, said) = mail_server().await;
    let (_file, password) = kept("hunter2hunter2\n");
    let login = MailLogin {
        user: "skep".to_owned(),
        password,
    };
    let way = mail(port, false, Some(login));
    way.send(&Parcel::of(notice("an apply failed")))
        .await
        .expect("it is taken");
    drop(way);
    let said = tokio::time::timeout(Duration::from_mins(1), said).await;
    let said = said.expect("it ends").expect("it went well");
    for part in [
        "MAIL FROM:<skep@example.org>",
        "RCPT TO:<ops@example.org>",
        "RCPT TO:<night@example.org>",
        "Subject: shop@prod: an apply failed\r\n",
        "service.api: it crashes",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(said.contains("AUTH PLAIN"), "{said}");
}

#[tokio::test]
async fn a_mail_is_not_sent_in_clear_where_tls_is_said() {
    let (port, _said) = mail_server().await;
    let sent = mail(port, true, None).send(&Parcel::of(notice("a"))).await;
    assert!(matches!(sent, Err(NotifyError::Mail(_))), "{sent:?}");
}

fn channels(url: &str, more: &str) -> BTreeMap<String, Channel> {
    let text = format!("notify \"ops\" {{\n webhook \"{url}\"\n {more}\n}}");
    let settings = settings::Settings::of("daemon.kdl", &text).expect("it is right");
    settings.channels
}

#[tokio::test]
async fn what_cannot_be_sent_is_sent_later_and_once() {
    let (url, mut heard) = server(vec![503, 500, 200, 200]).await;
    let mut tasks = JoinSet::new();
    let notifier = Notifier::start(&channels(&url, ""), &mut tasks);
    notifier.tell(&Notice {
        at: now(),
        ..notice("a")
    });
    let mut titles = Vec::new();
    for before in 0..3 {
        let heard = heard.recv().await.expect("it came");
        let (channel, trouble) = notifier.troubles().next().expect("a channel");
        assert_eq!((channel, trouble.is_some()), ("ops", before > 0));
        let body: Value = serde_json::from_slice(&heard.body).expect("it is JSON");
        titles.push(
            body["notices"][0]["title"]
                .as_str()
                .unwrap_or("")
                .to_owned(),
        );
    }
    assert_eq!(titles, ["a", "a", "a"]);
    notifier.tell(&Notice {
        at: now(),
        ..notice("b")
    });
    drop(notifier);
    let last = heard.recv().await.expect("it came");
    assert!(String::from_utf8_lossy(&last.body).contains("\"title\":\"b\""));
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn a_channel_is_told_only_what_it_wants() {
    let (url, mut heard) = server(vec![200]).await;
    let mut tasks = JoinSet::new();
    let wants = "on \"drift\"\n stack \"shop@*\"";
    let notifier = Notifier::start(&channels(&url, wants), &mut tasks);
    notifier.tell(&notice("of another kind"));
    let drift = Notice {
        kind: NoticeKind::Drift,
        at: now(),
        ..notice("of another stack")
    };
    notifier.tell(&Notice {
        stack: "blog".to_owned(),
        ..drift.clone()
    });
    notifier.tell(&Notice {
        title: "this".to_owned(),
        ..drift
    });
    let heard = heard.recv().await.expect("it came");
    let body: Value = serde_json::from_slice(&heard.body).expect("it is JSON");
    assert_eq!(body["notices"][0]["title"], "this");
    assert!(notifier.test("phones", "uid:0").await.is_none());
}

#[tokio::test]
async fn a_test_is_sent_at_once_and_tells_what_became_of_it() {
    let (url, mut heard) = server(vec![200, 404]).await;
    let mut tasks = JoinSet::new();
    let notifier = Notifier::start(&channels(&url, "on \"drift\""), &mut tasks);
    let sent = notifier
        .test("ops", "uid:0")
        .await
        .expect("there is such a channel");
    assert!(sent.is_ok(), "{sent:?}");
    let first = heard.recv().await.expect("it came");
    assert!(String::from_utf8_lossy(&first.body).contains("a test of channel `ops`"));
    let sent = notifier
        .test("ops", "uid:0")
        .await
        .expect("there is such a channel");
    assert_eq!(
        sent.expect_err("it is not there").to_string(),
        "it answered 404"
    );
}

fn line(event: StackEvent) -> StackEventLine {
    StackEventLine {
        format: STACK_EVENT_FORMAT.to_owned(),
        number: 1,
        at: Timestamp(1_700_000_000_000),
        stack: "shop@prod".to_owned(),
        event,
    }
}

#[test]
fn a_failed_apply_is_told_with_its_tasks_and_their_last_lines() {
    let failed = |name: &str| StackEvent::Node {
        event: Event::Failed {
            address: format!("service.{name}").parse().expect("it is an address"),
            failure: Failure {
                verdict: Verdict::CrashLooping,
                message: "its tasks end again and again".to_owned(),
                tasks: vec![FailedTask {
                    task: format!("shop_{name}.1"),
                    node: Some("n1".to_owned()),
                    exit_code: Some(3),
                    error: String::new(),
                    log: (1..=9).map(|n| format!("line {n}")).collect(),
                }],
            },
        },
    };
    let applied = |outcome| StackEvent::Applied {
        last: LastApply {
            at: Timestamp(0),
            outcome,
            revision: Some(7),
        },
    };
    let mut reader = Reader::default();
    assert_eq!(reader.on(&line(failed("api"))), None);
    let told = reader
        .on(&line(applied(Outcome::RolledBack)))
        .expect("it is told");
    assert_eq!(told.kind, NoticeKind::Failed);
    let title = "an apply failed, and the engine rolled a service back (revision 7)";
    assert_eq!(told.title, title);
    let text = "service.api: its tasks end again and again\n  shop_api.1 on n1, exit code 3\n  | line 5\n  | line 6\n  | line 7\n  | line 8\n  | line 9";
    assert_eq!(told.text, text);
    let done = reader
        .on(&line(applied(Outcome::Done)))
        .expect("it is told");
    assert_eq!((done.kind, done.text.as_str()), (NoticeKind::Applied, ""));
}

#[test]
fn what_somebody_may_have_to_act_upon_is_told() {
    let waits = |waits_for| StackEvent::State {
        state: StackState::Changes { waits_for },
    };
    let source = StackEvent::SourceLost {
        message: "skep.kdl:2: SK2002".to_owned(),
    };
    let mut reader = Reader::default();
    for (event, expected) in [
        (source, Some(NoticeKind::Source)),
        (StackEvent::SourceFound, Some(NoticeKind::Recovered)),
        (waits(Wait::Approval), Some(NoticeKind::Approval)),
        (waits(Wait::Report), None),
        (waits(Wait::Window { opens: None }), None),
        (StackEvent::DriftOver, Some(NoticeKind::Recovered)),
        (
            StackEvent::Withdrawn {
                who: "uid:0".to_owned(),
            },
            None,
        ),
    ] {
        let told = reader.on(&line(event.clone()));
        assert_eq!(told.map(|notice| notice.kind), expected, "{event:?}");
    }
}
