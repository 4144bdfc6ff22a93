//! `skep token`

use clap::{Args, Subcommand};
use hyper::Method;
use skep_providers::web::escaped;
use skep_schema::api::access::{Role, Scope};
use skep_schema::api::subject::Name;
use skep_schema::api::token::{TokenInfo, TokenList, TokenMade, TokenRequest};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::time::date;
use crate::server::Server;
use crate::session::{event_loop, print};

const EXAMPLES: &str = "\
Examples:
  skep token make ci --role planner --stacks 'shop@*' --days 30
  skep token list
  skep token revoke abcde23456

The token is printed once and kept nowhere. Hand it on as SKEP_TOKEN or SKEP_TOKEN_FILE.";

/// Make, list and revoke a daemon's tokens
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make one, and print it
    Make(Make),
    /// Those there are
    List,
    /// Take one away
    Revoke {
        /// Its id, as `list` shows it
        id: String,
    },
}

#[derive(Debug, Args)]
struct Make {
    /// What it is called, where it is seen what it did
    name: Name,
    /// viewer, planner, applier or admin
    #[arg(long)]
    role: Role,
    /// For which stacks: shop@prod, shop@*, or * for all
    #[arg(long, value_name = "STACKS")]
    stacks: Scope,
    /// For how many days it is good
    #[arg(long, value_name = "N", default_value_t = 30)]
    days: u16,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let server = Server::of(global)?;
    let text = event_loop()?.block_on(async {
        match &options.what {
            What::Make(make) => made(&server, make).await,
            What::List => {
                let list: TokenList = server.get("/v1/tokens").await?;
                Ok(list.tokens.iter().map(line).collect())
            }
            What::Revoke { id } => {
                let path = format!("/v1/tokens/{}", escaped(id));
                let gone: TokenInfo = server.tell(Method::DELETE, &path).await?;
                Ok(format!("{} is no token any more\n", gone.name))
            }
        }
    })?;
    print(&text)?;
    Ok(Exit::Done)
}

async fn made(server: &Server, make: &Make) -> Result<String, Failure> {
    let request = TokenRequest {
        name: make.name.clone(),
        role: make.role,
        stacks: make.stacks.clone(),
        days: make.days,
    };
    let made: TokenMade = server.send(Method::POST, "/v1/tokens", &request).await?;
    eprint!("{}", line(&made.info));
    Ok(format!("{}\n", made.token.reveal()))
}

fn line(token: &TokenInfo) -> String {
    let TokenInfo {
        id,
        name,
        role,
        stacks,
        expires,
        last_used,
        ..
    } = token;
    let used = last_used.map_or_else(
        || "never used".to_owned(),
        |at| format!("used {}", date(at)),
    );
    let role = role.word();
    format!(
        "{id}  {name}  {role} of {stacks}  until {}  {used}\n",
        date(*expires)
    )
}
