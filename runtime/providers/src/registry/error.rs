//! Why a tag has no digest.

use std::fmt;

/// What to do next is in each text and its help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("the registry {registry} cannot be reached: {message}")]
    Unreachable { registry: String, message: String },
    #[error("{registry} does not show `{image}` {login}")]
    Denied {
        image: String,
        registry: String,
        login: LoginUsed,
    },
    #[error("{registry} has no tag `{tag}` of `{repository}`")]
    Missing {
        registry: String,
        repository: String,
        tag: String,
    },
    /// A status that says nothing of the image.
    #[error("the registry {registry} answered {status}: {message}")]
    Refused {
        registry: String,
        status: u16,
        message: String,
    },
    /// An answer that cannot be used.
    #[error("what {registry} has for `{image}` cannot be used: {message}")]
    Strange {
        image: String,
        registry: String,
        message: String,
    },
    /// A program that keeps logins failed.
    #[error("the login for {registry}: {message}")]
    Helper { registry: String, message: String },
}

/// With which login a registry was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginUsed {
    /// None was asked for.
    None,
    /// It was asked for, and there is none in this config.
    Lacking {
        config: String,
    },
    Known {
        user: String,
        config: String,
    },
}

impl fmt::Display for LoginUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoginUsed::None => f.write_str("without a login"),
            LoginUsed::Lacking { config } => {
                write!(f, "without a login; there is none in {config}")
            }
            LoginUsed::Known { user, config } => write!(f, "to `{user}`, the login in {config}"),
        }
    }
}

impl RegistryError {
    /// One line on what to change, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            RegistryError::Denied {
                registry, login, ..
            } => Some(match login {
                LoginUsed::None | LoginUsed::Lacking { .. } => format!(
                    "`docker login {registry}` stores one; a repository that does not exist is refused alike"
                ),
                LoginUsed::Known { .. } => format!(
                    "it may not pull, its password changed, or the repository does not exist; `docker login {registry}` stores another"
                ),
            }),
            RegistryError::Missing { .. } => {
                Some("push the image first, or write a tag that is there".to_owned())
            }
            RegistryError::Refused { status: 429, .. } => {
                Some("it was asked too often; wait, or log in for a higher limit".to_owned())
            }
            RegistryError::Unreachable { .. }
            | RegistryError::Refused { .. }
            | RegistryError::Strange { .. }
            | RegistryError::Helper { .. } => None,
        }
    }
}
