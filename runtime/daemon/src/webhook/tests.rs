use hyper::header::{HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "correct horse battery staple";
const OTHER: &str = "another secret of this long way";
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PUSH: &str =
    r#"{"ref":"refs/heads/main","after":"1481a2de7b2a7d02428ad93446ab166be7793fbb"}"#;
/// When the calls were signed, in seconds.
const THEN: u64 = 1_700_000_000;

// All numbers below were made by another program.
const BY_SECRET: &str = "50d788d565372355c11be6b5196f96a7fabd63febd0cc74e933f3a6a555fb4a9";
const BY_OTHER: &str = "6cf550ad2dbadee8953193a96b8664716509e2510e840f4f8a55f0b252623b45";
const BY_NOTHING: &str = "f63f5e97240e27b86537e7ef2ee3f946e91608435357171ae7c891f41e9e6da0";
const PLAIN: &str = "1ee75b5ebd8b9ad26b6ca4f091a2151906371e5a464ce9e2f7d9a18613aca590";
const STANDARD: &str = "v1,LbOSFbntChHvnJtLInByjGTh0rJbUnoa+9zilrxrH0w=";
const STANDARD_BY_WORD: &str = "v1,TUhhzHpm9i+A4893LKn5+mE1ItsUrNX45wzI6GVo5oc=";

fn headers(all: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("it is a name");
        headers.append(name, HeaderValue::from_str(value).expect("it is a value"));
    }
    headers
}

fn secrets(all: &[&str]) -> Vec<Secret> {
    all.iter()
        .map(|text| Secret::of(text).expect("it is long"))
        .collect()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * 1000)
}

/// A form, the headers of a push, the secrets that are known, and what becomes of it.
const CASES: &str = "
github    hub=sha256=RIGHT                        secret         ok        signed
github    hub=sha256=UPPER                        secret         ok        in large digits
github    hub=sha256=RIGHT                        other,secret   ok        with the newer of two secrets
github    hub=sha256=WRONG                        other,secret   ok        with the older of two secrets
github    hub=sha256=WRONG                        secret         forged    with another secret
github    hub=sha256=NOTHING                      secret         forged    with an empty secret
github    hub=sha256=NOTHING                      -              forged    where there is no secret
github    -                                       secret         unsigned  not at all
github    hub=                                    secret         unsigned  with nothing
github    hub=RIGHT                               secret         unsigned  without the name of the way
github    hub=sha1=RIGHT                          secret         unsigned  with another way's name
github    hub=sha256=SHORT                        secret         unsigned  too short
github    hub=sha256=STRANGE                      secret         unsigned  with other letters
github    hub=sha256=RIGHT,hub=sha256=RIGHT       secret         unsigned  twice
github    hub=sha256=WRONG,hub=sha256=RIGHT       secret         unsigned  twice, once rightly
github    old=sha1=1481a2de7b2a7d02428ad93446ab16 secret         unsigned  in the old way
github    gitea=RIGHT                             secret         unsigned  as Gitea does
github    token=SECRET                            secret         unsigned  as GitLab does
gitea     hub=sha256=RIGHT                        secret         ok        as GitHub does
gitea     gitea=RIGHT                             secret         ok        in its own way
gitea     gitea=WRONG                             secret         forged    in its own way, wrongly
gitea     gitea=sha256=RIGHT                      secret         unsigned  in its own way, with the way's name
gitea     hub=sha256=WRONG,gitea=RIGHT            secret         forged    in both ways, once rightly
forgejo   forgejo=RIGHT                           secret         ok        in its own way
forgejo   forgejo=WRONG,gitea=RIGHT               secret         forged    in both ways, once rightly
gitlab    token=SECRET                            secret         ok        by a token
gitlab    token=OTHER                             secret,other   ok        by the other of two tokens
gitlab    token=OTHER                             secret         forged    by another token
gitlab    token=START                             secret         forged    by the start of a token
gitlab    token=                                  secret         forged    by an empty token
gitlab    -                                       secret         unsigned  without a token
gitlab    token=OTHER,token=SECRET                secret         unsigned  by two tokens
gitlab    token=KEY                               key            forged    by a key as a token
gitlab    id=msg_1,time=THEN,tag=BY_KEY           key            ok        with a key
gitlab    id=msg_1,time=THEN,tag=BY_KEY,token=SECRET  secret     forged    wrongly, with a right token
standard  id=msg_1,time=THEN,tag=BY_KEY           key            ok        with a key
standard  id=msg_1,time=THEN,tag=BY_WORD          secret         ok        with a word
standard  id=msg_1,time=THEN,tag=SEVERAL          key            ok        several times, once rightly
standard  id=msg_1,time=THEN,tag=BY_KEY           secret         forged    with another key
standard  id=msg_2,time=THEN,tag=BY_KEY           key            forged    under another name
standard  id=msg_1,time=LATER,tag=BY_KEY          key            forged    at another time
standard  id=msg.1,time=THEN,tag=BY_KEY           key            unsigned  with a name that ends early
standard  time=THEN,tag=BY_KEY                    key            unsigned  without a name
standard  id=msg_1,tag=BY_KEY                     key            unsigned  without a time
standard  id=msg_1,time=THEN,tag=                 key            forged    with nothing
plain     skep=t=THEN;v1=PLAIN                    secret         ok        signed
plain     skep=t=THEN;v1=PLAIN                    other          forged    with another secret
plain     skep=t=LATER;v1=PLAIN                   secret         forged    at another time
plain     skep=v1=PLAIN                           secret         unsigned  without a time
plain     hub=sha256=RIGHT                        secret         unsigned  as GitHub does
";

/// What the words of [`CASES`] in large letters stand for.
fn filled(value: &str) -> String {
    let upper = BY_SECRET.to_uppercase();
    let strange = BY_SECRET.replace('5', "g");
    let several = format!("v1,AAAA v2,zzz {STANDARD}");
    let words = [
        ("RIGHT", BY_SECRET),
        ("UPPER", &upper),
        ("WRONG", BY_OTHER),
        ("NOTHING", BY_NOTHING),
        ("SHORT", &BY_SECRET[..62]),
        ("STRANGE", &strange),
        ("SECRET", SECRET),
        ("OTHER", OTHER),
        ("START", "correct horse"),
        ("BY_KEY", STANDARD),
        ("BY_WORD", STANDARD_BY_WORD),
        ("KEY", KEY),
        ("SEVERAL", &several),
        ("PLAIN", PLAIN),
        ("THEN", "1700000000"),
        ("LATER", "1700000001"),
        (";", ","),
    ];
    let mut value = value.to_owned();
    for (word, meaning) in words {
        value = value.replace(word, meaning);
    }
    value
}

/// The headers of a case.
fn heads(text: &str) -> HeaderMap {
    let mut all = HeaderMap::new();
    for part in text.split(',').filter(|part| *part != "-") {
        let (name, value) = part.split_once('=').expect("a header has a value");
        let name = match name {
            "hub" => "X-Hub-Signature-256",
            "old" => "X-Hub-Signature",
            "gitea" => "X-Gitea-Signature",
            "forgejo" => "X-Forgejo-Signature",
            "token" => "X-Gitlab-Token",
            "id" => "webhook-id",
            "time" => "webhook-timestamp",
            "tag" => "webhook-signature",
            "skep" => "X-Skep-Signature",
            other => panic!("{other}"),
        };
        let value = filled(value).parse().expect("it is a value");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("it is a name");
        all.append(name, value);
    }
    all
}

#[test]
fn a_call_is_believed_only_with_a_signature_of_its_own_bytes() {
    use WebhookForm::{Forgejo, Gitea, Github, Gitlab, Plain, Standard};
    let forms = [Github, Gitea, Forgejo, Gitlab, Standard, Plain];
    let lines = CASES.lines().filter(|line| !line.is_empty());
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let form = forms.iter().find(|form| form.word() == words[0]);
        let known: Vec<&str> = words[2]
            .split(',')
            .filter_map(|name| match name {
                "secret" => Some(SECRET),
                "other" => Some(OTHER),
                "key" => Some(KEY),
                _ => None,
            })
            .collect();
        let form = *form.expect("it is a form");
        let said = verify(
            form,
            &secrets(&known),
            &heads(words[1]),
            PUSH.as_bytes(),
            at(THEN),
        );
        let said = match said {
            Ok(_) => "ok",
            Err(Refused::Unsigned) => "unsigned",
            Err(Refused::Forged) => "forged",
            Err(Refused::TooLong | Refused::Stale) => "out of bounds",
        };
        assert_eq!(said, words[3], "{line}");
    }
}

#[test]
fn the_published_examples_of_others_are_believed() {
    let github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let all = headers(&[("x-hub-signature-256", github)]);
    let secret = secrets(&["It's a Secret to Everybody"]);
    let hello = b"Hello, World!";
    assert!(verify(WebhookForm::Github, &secret, &all, hello, at(THEN)).is_ok());

    let all = headers(&[
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        (
            "webhook-signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ]);
    let body = br#"{"test": 2432232314}"#;
    let secret = secrets(&[KEY]);
    assert!(
        verify(
            WebhookForm::Standard,
            &secret,
            &all,
            body,
            at(1_614_265_330)
        )
        .is_ok()
    );
}

#[test]
fn one_changed_byte_is_noticed_wherever_it_is() {
    let tag = format!("sha256={BY_SECRET}");
    let all = headers(&[("x-hub-signature-256", &tag)]);
    for at_byte in 0..PUSH.len() {
        let mut body = PUSH.as_bytes().to_vec();
        body[at_byte] ^= 1;
        let said = verify(
            WebhookForm::Github,
            &secrets(&[SECRET]),
            &all,
            &body,
            at(THEN),
        );
        assert_eq!(said, Err(Refused::Forged), "{at_byte}");
    }
}

#[test]
fn a_call_of_another_time_is_refused_where_the_time_is_signed() {
    let plain = format!("t={THEN},v1={PLAIN}");
    for (now, expected) in [
        (THEN, None),
        (THEN + 300, None),
        (THEN - 300, None),
        (THEN + 301, Some(Refused::Stale)),
        (THEN - 301, Some(Refused::Stale)),
        (0, Some(Refused::Stale)),
    ] {
        let all = headers(&[("x-skep-signature", &plain)]);
        let secret = secrets(&[SECRET]);
        let said = verify(WebhookForm::Plain, &secret, &all, PUSH.as_bytes(), at(now));
        assert_eq!(said.err(), expected, "{now}");
    }
    for time in [
        "",
        "-1700000000",
        "+1700000000",
        "1.7e9",
        "99999999999999999999",
        "18446744073709551615",
    ] {
        let header = format!("t={time},v1={PLAIN}");
        let all = headers(&[("x-skep-signature", &header)]);
        let said = verify(
            WebhookForm::Plain,
            &secrets(&[SECRET]),
            &all,
            PUSH.as_bytes(),
            at(THEN),
        );
        assert_eq!(said, Err(Refused::Unsigned), "{time}");
    }
}

#[test]
fn what_is_too_long_is_not_even_looked_at() {
    let body = vec![b'x'; LONGEST + 1];
    let said = verify(
        WebhookForm::Github,
        &secrets(&[SECRET]),
        &HeaderMap::new(),
        &body,
        at(THEN),
    );
    assert_eq!(said, Err(Refused::TooLong));
}

#[test]
fn the_same_call_under_another_name_is_the_same_delivery() {
    let tag = format!("sha256={BY_SECRET}");
    let secret = secrets(&[SECRET]);
    let delivery = |name: &str| {
        let all = headers(&[("x-hub-signature-256", &tag), ("x-github-delivery", name)]);
        let verified = verify(
            WebhookForm::Github,
            &secret,
            &all,
            PUSH.as_bytes(),
            at(THEN),
        );
        verified.expect("it is signed").delivery
    };
    assert_eq!(delivery("1"), delivery("2"));
}

#[test]
fn a_call_is_about_the_branch_that_it_names() {
    let call = |about: Option<&str>| Verified {
        delivery: String::new(),
        about: about.map(str::to_owned),
    };
    for (about, rev, expected) in [
        (None, "main", true),
        (Some("refs/heads/main"), "main", true),
        (Some("main"), "main", true),
        (Some("refs/heads/next"), "main", false),
        (Some("refs/tags/v1"), "v1", true),
        (Some("refs/heads/feature/main"), "main", false),
        (Some("refs/pull/1/head"), "main", false),
    ] {
        assert_eq!(call(about).concerns(rev), expected, "{about:?} {rev}");
    }
}
