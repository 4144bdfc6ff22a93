mod doors;

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderName;
use axum::http::header::{HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::routing::post;
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use skep_schema::api::access::{Grant, Role};
use skep_schema::api::audit::{AuditRecord, Author, Ruling, Why};
use skep_schema::api::refusal::Refusal;
use skep_schema::api::token::TokenRequest;
use tower_service::Service as _;

use super::*;
use crate::auth::groups::SocketPeer;
use crate::store::Log;
use crate::store::sqlite::Sqlite;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// What a request has beside a host.
type Headers<'a> = &'a [(HeaderName, &'a str)];

struct House {
    _folder: tempfile::TempDir,
    gate: Arc<Gate>,
    router: Router,
}

/// Applies `shop@prod`, if he who asks may.
async fn apply(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let stack = "shop@prod".parse().expect("a stack");
    match gate
        .admit(&parts, Verb::Apply, Class::Apply, Some(&stack))
        .await
    {
        Ok(admitted) => admitted.actor.name().to_string().into_response(),
        Err(refused) => refused.answer(&occasion(&parts).expect("entered").request),
    }
}

async fn hook(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match gate.count(&parts, Class::Webhook).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => refused.answer(&occasion(&parts).expect("entered").request),
    }
}

fn routes(gate: &Arc<Gate>) -> Router {
    Router::new()
        .route("/apply", post(apply))
        .route("/hook", post(hook))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(gate),
            enter,
        ))
        .with_state(Arc::clone(gate))
}

fn house() -> House {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(folder.path()).expect("a store"));
    let grants = ["uid:1000", "cert:ci.example.org"].map(|who| Grant {
        who: who.parse().expect("somebody"),
        role: Role::Applier,
        stacks: "shop@*".parse().expect("stacks"),
    });
    let gate = Arc::new(Gate {
        access: Access::new(990, grants.into()),
        tokens: Tokens::new(Arc::clone(&store)),
        issuers: Issuers::new(&[]),
        hosts: Hosts::new(["skep.example.org".to_owned()]),
        store,
        clock: || NOW,
        limits: Mutex::new(Limits::new()),
    });
    let router = routes(&gate);
    House {
        _folder: folder,
        gate,
        router,
    }
}

fn socket(uid: u32) -> Peer {
    Peer::Socket(SocketPeer {
        uid,
        gid: uid,
        groups: BTreeSet::new(),
    })
}

fn network(names: &[&str]) -> Peer {
    Peer::Tls {
        address: "192.0.2.7:40000".parse().expect("an address"),
        names: names
            .iter()
            .map(|name| name.parse().expect("a name"))
            .collect(),
    }
}

impl House {
    async fn ask(&self, peer: Peer, path: &str, headers: &[(HeaderName, &str)]) -> Response {
        let mut request = Request::builder().method("POST").uri(path);
        request = request.header(HOST, "skep.example.org").extension(peer);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        self.router
            .clone()
            .call(request)
            .await
            .expect("it always answers")
    }

    async fn token(&self, days: u16, role: Role) -> String {
        let request = TokenRequest {
            name: "ci".parse().expect("a name"),
            role,
            stacks: "shop@prod".parse().expect("a scope"),
            days,
        };
        let permit = Permit::own(Verb::Token, None);
        let at = Occasion {
            request: "a".repeat(26).parse().expect("an id"),
            from: skep_schema::api::audit::Origin::Inside,
        };
        let made = Timestamp(NOW.0 - 86_400_000);
        let made = self.gate.tokens.make(request, &permit, &at, made).await;
        format!("Bearer {}", made.expect("made").token.reveal())
    }

    /// The records but those of tokens that were made.
    async fn audit(&self) -> Vec<AuditRecord> {
        let lines = self
            .gate
            .store
            .read(Log::Audit, 0, 1000)
            .await
            .expect("read");
        let records = lines
            .iter()
            .map(|line| serde_json::from_slice(&line.body).expect("a record"));
        records
            .filter(|record: &AuditRecord| record.ruling != Ruling::Allowed)
            .collect()
    }
}

async fn text(answer: Response) -> String {
    let body = answer.into_body().collect().await.expect("a body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

#[tokio::test]
async fn who_may_is_let_in_by_each_way_of_showing_who_he_is() {
    let house = house();
    let token = house.token(30, Role::Applier).await;
    let ways: [(Peer, Headers<'_>, &str); 5] = [
        (socket(0), &[], "uid:0"),
        (socket(1000), &[], "uid:1000"),
        (network(&["ci.example.org"]), &[], "cert:ci.example.org"),
        (network(&[]), &[(AUTHORIZATION, &token)], "token:ci"),
        (socket(1001), &[(AUTHORIZATION, &token)], "token:ci"),
    ];
    for (peer, headers, name) in ways {
        let answer = house.ask(peer, "/apply", headers).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        assert_eq!(text(answer).await, name);
    }
    assert_eq!(house.audit().await, []);
}

#[tokio::test]
async fn asvs_16_3_2_every_refusal_is_answered_as_it_should_and_in_the_audit() {
    let house = house();
    let old = house.token(1, Role::Applier).await;
    let cases: [(Peer, Headers<'_>, StatusCode, Why); 6] = [
        (
            network(&[]),
            &[],
            StatusCode::UNAUTHORIZED,
            Why::NoCredentials,
        ),
        (
            network(&["x.example"]),
            &[],
            StatusCode::FORBIDDEN,
            Why::NotGranted,
        ),
        (socket(1001), &[], StatusCode::FORBIDDEN, Why::NotGranted),
        (
            socket(0),
            &[(AUTHORIZATION, "Bearer x")],
            StatusCode::UNAUTHORIZED,
            Why::BadCredentials,
        ),
        (
            network(&[]),
            &[(AUTHORIZATION, &old)],
            StatusCode::UNAUTHORIZED,
            Why::Expired,
        ),
        (
            socket(0),
            &[(HeaderName::from_static("sec-fetch-site"), "cross-site")],
            StatusCode::FORBIDDEN,
            Why::CrossSite,
        ),
    ];
    for (count, (peer, headers, status, why)) in (1..).zip(cases) {
        let origin = peer.origin();
        let answer = house.ask(peer, "/apply", headers).await;
        assert_eq!(answer.status(), status, "{why:?}");
        let is_asked_who = answer.headers().contains_key(WWW_AUTHENTICATE);
        assert_eq!(is_asked_who, status == StatusCode::UNAUTHORIZED);
        let refusal: Refusal = serde_json::from_str(&text(answer).await).expect("a refusal");
        let records = house.audit().await;
        let record = records.last().expect("a record");
        assert_eq!(records.len(), count, "{why:?}");
        assert_eq!(record.ruling, Ruling::Refused(why));
        assert_eq!(record.request, refusal.request);
        assert_eq!(record.from, origin);
        let is_known = why == Why::NotGranted;
        assert_eq!(record.who != Author::Nobody, is_known, "{why:?}");
    }
}

#[tokio::test]
async fn asvs_14_2_1_a_token_in_the_address_is_no_token() {
    let house = house();
    let token = house.token(30, Role::Applier).await;
    let token = token.strip_prefix("Bearer ").expect("a token");
    for query in ["token", "access_token", "authorization"] {
        let path = format!("/apply?{query}={token}");
        let answer = house.ask(network(&[]), &path, &[]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{query}");
        assert!(!text(answer).await.contains(token));
    }
    let cookie = [(HeaderName::from_static("cookie"), token)];
    let answer = house.ask(network(&[]), "/apply", &cookie).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_that_is_wrong_is_not_made_good_by_who_sends_it() {
    let house = house();
    let good = house.token(30, Role::Applier).await;
    let unlike: [&[(HeaderName, &str)]; 6] = [
        &[(AUTHORIZATION, "Bearer")],
        &[(AUTHORIZATION, "Bearer ")],
        &[(AUTHORIZATION, "Basic cm9vdDpyb290")],
        &[(AUTHORIZATION, &good), (AUTHORIZATION, &good)],
        &[(AUTHORIZATION, &good.replace("Bearer ", "Bearer  "))],
        &[(AUTHORIZATION, &format!("{good},x"))],
    ];
    for headers in unlike {
        for peer in [socket(0), network(&["ci.example.org"])] {
            let answer = house.ask(peer, "/apply", headers).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn asvs_6_3_1_who_guesses_is_not_listened_to_and_no_longer_written_down() {
    let house = house();
    let good = house.token(30, Role::Applier).await;
    let guess = [(AUTHORIZATION, "Bearer skp_guess")];
    for _ in 0..10 {
        let answer = house.ask(network(&[]), "/apply", &guess).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    for _ in 0..50 {
        let answer = house
            .ask(network(&[]), "/apply", &[(AUTHORIZATION, &good)])
            .await;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()[RETRY_AFTER], "6");
    }
    let records = house.audit().await;
    assert_eq!(records.len(), 11);
    assert_eq!(records[10].ruling, Ruling::Refused(Why::TooOften));
    assert_eq!(
        house.ask(socket(0), "/apply", &[]).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_page_of_another_site_does_not_keep_a_token_from_being_tried() {
    let house = house();
    let good = house.token(30, Role::Applier).await;
    let origin = [(axum::http::header::ORIGIN, "https://evil.example")];
    for _ in 0..40 {
        let status = house.ask(network(&[]), "/apply", &origin).await.status();
        assert!(status == StatusCode::FORBIDDEN || status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(
        house.audit().await.len(),
        11,
        "the flood is not in the audit"
    );
    let answer = house
        .ask(network(&[]), "/apply", &[(AUTHORIZATION, &good)])
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn who_is_refused_again_and_again_does_not_fill_the_audit() {
    let house = house();
    for _ in 0..100 {
        house.ask(socket(1001), "/apply", &[]).await;
    }
    assert_eq!(house.audit().await.len(), 11);
    assert_eq!(
        house.ask(socket(1000), "/apply", &[]).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn guesses_from_a_thousand_addresses_fill_the_audit_no_faster() {
    let house = house();
    for at in 0..1000 {
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + at);
        let peer = Peer::Tls {
            address: (ip, 1).into(),
            names: Vec::new(),
        };
        let answer = house
            .ask(peer, "/apply", &[(AUTHORIZATION, "Bearer x")])
            .await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(house.audit().await.len(), 60);
    house.ask(socket(1001), "/apply", &[]).await;
    assert_eq!(
        house.audit().await.len(),
        61,
        "those who are known are still written down"
    );
}

#[tokio::test]
async fn asvs_8_3_2_a_token_that_is_revoked_ends_what_it_began() {
    let house = house();
    let token = house.token(30, Role::Applier).await;
    let mut request = Request::builder()
        .header(AUTHORIZATION, &token)
        .extension(network(&[]));
    let request_id = "a".repeat(26).parse().expect("an id");
    let from = network(&[]).origin();
    request = request.extension(Occasion {
        request: request_id,
        from,
    });
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let stack = "shop@prod".parse().expect("a stack");
    let admitted = house
        .gate
        .admit(&parts, Verb::Read, Class::Read, Some(&stack))
        .await;
    let admitted = admitted.expect("it is good");
    assert!(house.gate.is_still_admitted(&admitted).await);
    assert!(!admitted.actor.is_proved(NOW.plus(30 * 86_400_000)));
    let Via::Token(id) = admitted.actor.via() else {
        panic!("it came by a token");
    };
    let permit = Permit::own(Verb::Token, None);
    let revoked = house
        .gate
        .tokens()
        .revoke(id, &permit, &admitted.occasion, NOW)
        .await;
    revoked.expect("revoked");
    assert!(!house.gate.is_still_admitted(&admitted).await);
}

#[tokio::test]
async fn asvs_2_4_1_who_may_may_so_many_times_a_minute() {
    let house = house();
    for _ in 0..10 {
        assert_eq!(
            house.ask(socket(1000), "/apply", &[]).await.status(),
            StatusCode::OK
        );
    }
    let answer = house.ask(socket(1000), "/apply", &[]).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        house.ask(socket(0), "/apply", &[]).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn webhooks_are_counted_where_they_come_from() {
    let house = house();
    for _ in 0..60 {
        assert_eq!(
            house.ask(network(&[]), "/hook", &[]).await.status(),
            StatusCode::NO_CONTENT
        );
    }
    let answer = house.ask(network(&[]), "/hook", &[]).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn asvs_3_4_answers_that_say_no_have_their_headers_too() {
    let house = house();
    for path in ["/apply", "/nowhere"] {
        let answer = house.ask(network(&[]), path, &[]).await;
        assert_eq!(
            answer.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        assert!(
            answer.headers().contains_key("strict-transport-security"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_request_without_a_peer_gets_nowhere() {
    let house = house();
    let request = Request::builder()
        .method("POST")
        .uri("/apply")
        .header(HOST, "localhost");
    let request = request.body(Body::empty()).expect("a request");
    let answer = house
        .router
        .clone()
        .call(request)
        .await
        .expect("it always answers");
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

/// What reads a header never panics, and lets nobody in.
#[test]
fn any_header_is_read_and_proves_nothing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let house = runtime.block_on(async { house() });
    let mut runner = proptest::test_runner::TestRunner::default();
    let texts = "(Bearer |bearer |BEARER\t|Basic )?(skp_[a-z2-7]{10}_)?[ -~\u{80}-\u{ff}]{0,80}(\\.[A-Za-z0-9_-]{0,9}){0,3}";
    let ran = runner.run(&texts, |text| {
        let Ok(value) = axum::http::HeaderValue::from_bytes(text.as_bytes()) else {
            return Ok(());
        };
        let request = Request::builder()
            .header(AUTHORIZATION, value)
            .extension(network(&[]));
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        parts.extensions.insert(Occasion {
            request: "a".repeat(26).parse().expect("an id"),
            from: skep_schema::api::audit::Origin::Inside,
        });
        let known = runtime.block_on(
            house
                .gate
                .known(&parts, occasion(&parts).expect("it is there")),
        );
        prop_assert!(known.is_err(), "{}", text);
        Ok(())
    });
    ran.expect("no header proves anything");
}
