//! Every route, asked by everybody there can be, for a stack of his own and for another.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use skep_schema::api::access::Reach;
use skep_schema::api::subject::Subject;
use tower_service::Service as _;

use super::lab::{Lab, STACK};
use crate::Settings;
use crate::auth::groups::SocketPeer;
use crate::http::identify::Gate;
use crate::http::limits::Class;
use crate::http::router::router;
use crate::http::routes::{Method, ROUTES, Route};
use crate::listen::Peer;

const OTHER: &str = "blog";

/// What each user of the test may, and where; the last two are nobody's.
const PEOPLE: [(&str, &str); 8] = [
    ("viewer", STACK),
    ("planner", STACK),
    ("applier", STACK),
    ("admin", STACK),
    ("viewer", "*"),
    ("admin", "*"),
    ("stranger", "-"),
    ("nobody", "-"),
];

fn grants(state: &std::path::Path) -> Settings {
    let mut text = format!("daemon {{\n state \"{}\"\n}}\n", state.display());
    for (uid, (role, stack)) in (1..).zip(PEOPLE).filter(|(_, (_, stack))| *stack != "-") {
        text += &format!("grant \"uid:{uid}\" role=\"{role}\" stack=\"{stack}\"\n");
    }
    Settings::of("daemon.kdl", &text).unwrap_or_else(|error| panic!("{error:?}"))
}

fn peer(number: u32) -> Peer {
    if PEOPLE.len() == number as usize {
        return Peer::Tls {
            address: "192.0.2.7:40000".parse().expect("an address"),
            names: Vec::new(),
        };
    }
    Peer::Socket(SocketPeer {
        uid: number,
        gid: number,
        groups: BTreeSet::from([Subject::Gid(number)]),
    })
}

fn request(route: &Route, stack: &str, peer: Peer) -> Request<Body> {
    let method = match route.method {
        Method::Get => "GET",
        Method::Put => "PUT",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    let path = route.path.replace("{stack}", stack);
    let path = path
        .replace("{service}", "web")
        .replace("{token}", "aaaaaaaaaa");
    let request = Request::builder()
        .method(method)
        .uri(format!("{path}?stack={stack}"));
    let request = request.header("host", "localhost").extension(peer);
    request.body(Body::empty()).expect("a request")
}

/// Whether he is let through; what he is told then is not of interest.
async fn may(mut router: Router, request: Request<Body>) -> bool {
    let answer = router.call(request).await.expect("it always answers");
    !matches!(
        answer.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    )
}

/// A line of the matrix: for each of the people `own/other`.
async fn row(lab: &Lab, settings: &Settings, route: &'static Route) -> String {
    let shared = &lab.daemon.shared;
    let mut row = String::new();
    for number in 1..=u32::try_from(PEOPLE.len()).expect("few") {
        for stack in [STACK, OTHER] {
            // A gate of its own, so that nobody asks too often.
            let gate = Arc::new(Gate::new(settings, Arc::clone(&shared.store)));
            let request = request(route, stack, peer(number));
            let may = may(router(shared, &gate), request).await;
            row += if may { "y" } else { "-" };
        }
        row += "  ";
    }
    row.trim_end().to_owned()
}

#[tokio::test]
async fn asvs_8_2_1_and_8_2_2_every_route_lets_through_whom_the_matrix_says() {
    let lab = Lab::open("").await;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = grants(folder.path());
    let names = PEOPLE.map(|(role, stack)| format!("{role} {stack}"));
    let mut matrix = format!("own stack, other stack: {}\n\n", names.join("; "));
    for route in ROUTES {
        let row = row(&lab, &settings, route).await;
        let cells: Vec<&str> = row.split_whitespace().collect();
        let (nobody, stranger) = (cells[7], cells[6]);
        // What is signed by itself is let through for its signature alone.
        let is_open = route.verb.is_none() && route.class != Class::Webhook;
        assert_eq!(nobody == "yy", is_open, "{}", route.path);
        assert_eq!(stranger == "yy", is_open, "{}", route.path);
        if route.verb.is_some_and(|verb| verb.reach() == Reach::Stack) {
            let leaks = cells[..4].iter().any(|cell| cell.ends_with('y'));
            assert!(!leaks, "{} tells of another stack", route.path);
        }
        let method = format!("{:?}", route.method).to_uppercase();
        matrix += &format!("{row}  {method:6} {}\n", route.path);
    }
    lab.daemon.stop().await;
    let mut snapshots = insta::Settings::clone_current();
    snapshots.set_snapshot_path("../../../../snapshots/daemon");
    snapshots.set_prepend_module_to_snapshot(false);
    snapshots.set_omit_expression(true);
    snapshots.bind(|| insta::assert_snapshot!("who-may", matrix));
}

/// What is not in the table is not there, and says nothing of what is.
#[tokio::test]
async fn asvs_8_3_1_what_has_no_row_is_not_there() {
    let lab = Lab::open("apply report").await;
    for path in ["/", "/v1", "/v1/containers/json", "/debug/pprof"] {
        let answer = lab.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
