use skep_schema::api::access::{Role, Verb};
use skep_schema::api::audit::Origin;

use super::*;
use crate::store::Log;
use crate::store::sqlite::Sqlite;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

struct Office {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    tokens: Tokens,
}

fn office() -> Office {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(folder.path()).expect("a store"));
    let tokens = Tokens::new(Arc::clone(&store));
    Office {
        folder,
        store,
        tokens,
    }
}

fn request(name: &str, days: u16) -> TokenRequest {
    TokenRequest {
        name: name.parse().expect("a name"),
        role: Role::Planner,
        stacks: "shop@*".parse().expect("stacks"),
        days,
    }
}

fn occasion() -> Occasion {
    Occasion {
        request: "a".repeat(26).parse().expect("an id"),
        from: Origin::Socket { uid: 0 },
    }
}

impl Office {
    async fn make(&self, name: &str, days: u16, now: Timestamp) -> Result<TokenMade, TokenError> {
        let permit = Permit::own(Verb::Token, None);
        self.tokens
            .make(request(name, days), &permit, &occasion(), now)
            .await
    }

    async fn revoke(&self, id: &TokenId) -> Result<TokenInfo, TokenError> {
        let permit = Permit::own(Verb::Token, None);
        self.tokens.revoke(id, &permit, &occasion(), NOW).await
    }
}

#[tokio::test]
async fn a_token_is_taken_until_it_expires() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    let text = made.token.reveal();
    let end = NOW.plus(30 * DAY);
    let checked = office
        .tokens
        .check(text, Timestamp(end.0 - 1))
        .await
        .expect("good");
    assert_eq!(checked.id, made.info.id);
    assert_eq!(office.tokens.check(text, end).await, Err(BadToken::Expired));
}

#[tokio::test]
async fn asvs_7_4_1_a_token_that_is_revoked_is_none_from_then_on() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    office.revoke(&made.info.id).await.expect("revoked");
    let checked = office.tokens.check(made.token.reveal(), NOW).await;
    assert_eq!(checked, Err(BadToken::Unknown));
    let again = office.revoke(&made.info.id).await;
    assert_eq!(again, Err(TokenError::Unknown(made.info.id)));
    assert!(office.make("ci", 30, NOW).await.is_ok(), "its name is free");
}

#[tokio::test]
async fn a_token_that_is_used_while_it_is_revoked_does_not_come_back() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    let key = made.info.id.as_str();
    let read = office
        .store
        .get(Shelf::Token, key)
        .await
        .expect("read")
        .expect("there");
    office.revoke(&made.info.id).await.expect("revoked");
    office
        .tokens
        .used(&read, made.info.clone(), [0; 32], NOW)
        .await;
    assert_eq!(office.store.get(Shelf::Token, key).await, Ok(None));
}

#[tokio::test]
async fn asvs_11_2_4_the_right_id_with_another_secret_is_no_token() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    let other = office.make("other", 30, NOW).await.expect("made");
    let kept = office.store.get(Shelf::Token, other.info.id.as_str()).await;
    let kept = kept.expect("read").expect("there");
    let stolen = String::from_utf8(kept.body).expect("JSON");
    let stolen = stolen.replace(other.info.id.as_str(), made.info.id.as_str());
    let put = Batch::default().put(
        Shelf::Token,
        made.info.id.as_str(),
        Expect::Anything,
        stolen.into(),
    );
    office.store.commit(put).await.expect("written");
    let checked = office.tokens.check(made.token.reveal(), NOW).await;
    assert_eq!(checked, Err(BadToken::Unknown));
}

#[tokio::test]
async fn names_are_had_once_and_come_free_when_their_token_ends() {
    let office = office();
    let first = office.make("ci", 1, NOW).await.expect("made");
    let taken = Err(TokenError::Taken(first.info.name.clone()));
    assert_eq!(office.make("ci", 1, NOW).await.map(|made| made.info), taken);
    let later = NOW.plus(DAY);
    let second = office
        .make("ci", 1, later)
        .await
        .expect("the first has expired");
    office.revoke(&first.info.id).await.expect("revoked");
    assert!(
        office.make("ci", 1, later).await.is_err(),
        "the second still has the name"
    );
    assert!(
        office
            .tokens
            .check(second.token.reveal(), later)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn two_who_ask_for_one_name_at_once_get_one_token() {
    let office = office();
    let asked = [office.make("ci", 1, NOW), office.make("ci", 1, NOW)];
    let [first, second] = asked;
    let (first, second) = tokio::join!(first, second);
    assert_ne!(first.is_ok(), second.is_ok());
    assert_eq!(office.tokens.list().await.expect("listed").tokens.len(), 1);
}

#[tokio::test]
async fn asvs_7_3_2_no_token_is_good_for_ever_and_names_are_plain() {
    let office = office();
    for days in [0, 366, u16::MAX] {
        let refused = office
            .make("ci", days, NOW)
            .await
            .expect_err("too long or nothing");
        assert_eq!(refused, TokenError::Life(days));
    }
    for name in ["CI", "a b", "a/b", "ä", &"x".repeat(65)] {
        let refused = office.make(name, 1, NOW).await.expect_err(name);
        assert_eq!(refused, TokenError::Name);
    }
    assert!(office.make("ci.shop_1-2", 365, NOW).await.is_ok());
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute_and_written_no_oftener() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    let version = || async {
        let read = office.store.get(Shelf::Token, made.info.id.as_str()).await;
        read.expect("read").expect("there").version
    };
    let mut seen = Vec::new();
    for seconds in [1, 2, 30, 59, 61, 100, 119, 125] {
        let now = NOW.plus(seconds * 1000);
        office
            .tokens
            .check(made.token.reveal(), now)
            .await
            .expect("good");
        seen.push(version().await);
    }
    assert_eq!(seen, [2, 2, 2, 2, 3, 3, 3, 4]);
    let listed = office.tokens.list().await.expect("listed");
    assert_eq!(listed.tokens[0].last_used, Some(NOW.plus(120_000)));
}

#[tokio::test]
async fn a_store_that_takes_no_writes_leaves_tokens_good() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    let folder = office.folder.path();
    let connection = rusqlite::Connection::open(crate::store::sqlite::file(folder));
    let sql = "CREATE TRIGGER full BEFORE INSERT ON line BEGIN SELECT RAISE(ABORT, 'full'); END";
    connection.expect("the file").execute(sql, []).expect("sql");
    assert!(office.make("other", 30, NOW).await.is_err(), "it is full");
    assert!(office.tokens.check(made.token.reveal(), NOW).await.is_ok());
}

/// Looks for a token's secret everywhere that something is written or shown.
#[tokio::test]
async fn asvs_14_2_1_the_secret_is_in_one_answer_and_nowhere_else() {
    let office = office();
    let made = office.make("ci", 30, NOW).await.expect("made");
    let secret = made.token.reveal().rsplit_once('_').expect("a token").1;
    office
        .tokens
        .check(made.token.reveal(), NOW)
        .await
        .expect("good");
    let listed = serde_json::to_string(&office.tokens.list().await.expect("listed"));
    let documents = office.store.list(Shelf::Token).await.expect("read");
    let lines = office.store.read(Log::Audit, 0, 10).await.expect("read");
    assert_eq!(lines.len(), 1, "a token is in the audit once");
    let mut places = vec![
        listed.expect("plain"),
        format!("{made:?}"),
        format!("{:?}", office.tokens),
    ];
    places.extend(
        documents
            .iter()
            .map(|one| String::from_utf8_lossy(&one.body).into_owned()),
    );
    places.extend(
        lines
            .iter()
            .map(|one| String::from_utf8_lossy(&one.body).into_owned()),
    );
    for place in places {
        assert!(!place.contains(&secret[..20]), "{place}");
    }
    let answer = serde_json::to_string(&made).expect("plain");
    assert!(answer.contains(made.token.reveal()));
}
