use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::net::UnixStream;

use super::*;

fn at(path: &Path) -> Listen {
    Listen::Unix {
        path: path.to_owned(),
        group: None,
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

async fn refused(listen: &Listen) -> ListenError {
    take(listen).await.expect_err("it is refused")
}

#[tokio::test]
async fn the_kernel_says_who_asks_over_the_socket() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let running = Running::start(
        take(&at(&path)).await.expect("bound"),
        Duration::from_secs(5),
    );
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o660);
    let mut stream = UnixStream::connect(&path).await.expect("connected");
    let answer = talk(&mut stream, &request("/who"), "uid:").await;
    let uid = rustix::process::getuid().as_raw();
    assert!(answer.ends_with(&format!("uid:{uid}")), "{answer}");
    running.stop().await;
    assert!(!path.exists(), "the file goes with the daemon");
}

#[tokio::test]
async fn what_a_dead_daemon_left_is_replaced_and_a_living_one_is_not() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
    let first = take(&at(&path)).await.expect("nobody listens there");
    assert!(matches!(refused(&at(&path)).await, ListenError::Alive(_)));
    drop(first);
    assert!(take(&at(&path)).await.is_ok());
}

#[tokio::test]
async fn no_file_of_another_kind_is_replaced() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    std::fs::write(&path, "precious").expect("written");
    assert!(matches!(
        refused(&at(&path)).await,
        ListenError::NoSocket(_)
    ));
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "precious");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("linked");
    assert!(matches!(
        refused(&at(&link)).await,
        ListenError::NoSocket(_)
    ));
}

#[tokio::test]
async fn a_successors_file_is_left_where_it_is() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let first = take(&at(&path)).await.expect("bound");
    std::fs::remove_file(&path).expect("somebody removed it");
    let second = take(&at(&path)).await.expect("bound");
    drop(first);
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_group_that_is_not_there_is_named() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let group = Some("no-such-group".to_owned());
    let error = refused(&Listen::Unix {
        path: path.clone(),
        group,
    })
    .await;
    assert_eq!(error.to_string(), "there is no group `no-such-group`");
    assert!(!path.exists());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_being_made_is_finished_and_who_waits_is_sent_away() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let running = Running::start(
        take(&at(&path)).await.expect("bound"),
        Duration::from_secs(5),
    );
    let mut idle = UnixStream::connect(&path).await.expect("connected");
    talk(&mut idle, &request("/who"), "uid:").await;
    let mut busy = UnixStream::connect(&path).await.expect("connected");
    busy.write_all(request("/slow").as_bytes())
        .await
        .expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopped = tokio::spawn(running.stop());
    assert_eq!(talk(&mut idle, "", "never said").await, "");
    assert!(talk(&mut busy, "", "slow").await.ends_with("slow"));
    stopped.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_an_end_is_cut_off_when_grace_is_over() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let grace = Duration::from_millis(100);
    let running = Running::start(take(&at(&path)).await.expect("bound"), grace);
    let mut stream = UnixStream::connect(&path).await.expect("connected");
    stream
        .write_all(request("/never").as_bytes())
        .await
        .expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), running.stop());
    assert!(stopped.await.is_ok());
    assert_eq!(talk(&mut stream, "", "never said").await, "");
}

#[tokio::test(start_paused = true)]
async fn asvs_15_2_2_a_head_that_does_not_end_is_not_waited_for() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let running = Running::start(
        take(&at(&path)).await.expect("bound"),
        Duration::from_secs(5),
    );
    let mut stream = UnixStream::connect(&path).await.expect("connected");
    let began = tokio::time::Instant::now();
    talk(&mut stream, "GET /who HTTP/1.1\r\nHost: loc", "never said").await;
    let took = began.elapsed().as_secs();
    assert!((10..12).contains(&took), "{took}");
    running.stop().await;
}

#[tokio::test]
async fn a_head_of_too_many_or_too_long_lines_is_refused() {
    let folder = folder();
    let path = folder.path().join("skep.sock");
    let running = Running::start(
        take(&at(&path)).await.expect("bound"),
        Duration::from_secs(5),
    );
    for head in [
        "x: y\r\n".repeat(100),
        format!("x: {}\r\n", "y".repeat(100_000)),
    ] {
        let mut stream = UnixStream::connect(&path).await.expect("connected");
        let text = format!("GET /who HTTP/1.1\r\nHost: localhost\r\n{head}\r\n");
        let answer = talk(&mut stream, &text, "\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    running.stop().await;
}
