//! The daemon's own tokens, as they are asked for and listed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::access::{Role, Scope};
use super::audit::Author;
use super::subject::{Name, letters};
use crate::event::Timestamp;

/// What every reader must check before the rest: `skep.tokens/1`.
pub const TOKENS_FORMAT: &str = "skep.tokens/1";
/// What every reader must check before the rest: `skep.token/1`.
pub const TOKEN_FORMAT: &str = "skep.token/1";

/// The longest that a token is good for, in days.
pub const LONGEST_LIFE: u16 = 365;

letters! {
    /// Tells tokens apart; no secret.
    TokenId 10, "the id of a token"
}

/// A token that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TokenRequest {
    /// No other token that is good has it.
    pub name: Name,
    pub role: Role,
    pub stacks: Scope,
    /// How long it is good for: 1 to [`LONGEST_LIFE`].
    pub days: u16,
}

/// What is known of a token. It has no place for a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TokenInfo {
    pub id: TokenId,
    pub name: Name,
    pub role: Role,
    pub stacks: Scope,
    pub made: Timestamp,
    pub made_by: Author,
    /// From here on it is not taken any more.
    pub expires: Timestamp,
    /// To the minute. Nothing where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
}

/// All tokens, in order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenList {
    /// Always [`TOKENS_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = TOKENS_FORMAT)))]
    pub format: String,
    pub tokens: Vec<TokenInfo>,
}

/// A token that was made: the only answer that has a secret in it, and the only time it is seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokenMade {
    /// Always [`TOKEN_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = TOKEN_FORMAT)))]
    pub format: String,
    pub token: TokenText,
    pub info: TokenInfo,
}

/// What is put behind `Authorization: Bearer`. It does not show in anything printed for people who
/// look for a mistake.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TokenText(String);

impl TokenText {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_15_3_3_a_request_for_a_token_sets_no_field_but_its_own() {
        let good = r#"{"name":"ci","role":"planner","stacks":"shop@*","days":30}"#;
        assert!(serde_json::from_str::<TokenRequest>(good).is_ok());
        for more in [
            r#""expires":1"#,
            r#""id":"aaaaaaaaaa""#,
            r#""made-by":"uid:0""#,
            r#""role":"admin""#,
        ] {
            let text = good.replacen('{', &format!("{{{more},"), 1);
            assert!(
                serde_json::from_str::<TokenRequest>(&text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_token_does_not_show_where_mistakes_are_looked_for() {
        let text = TokenText::new("skp_secret".to_owned());
        assert_eq!(format!("{text:?}"), "TokenText(..)");
    }
}
