//! Options that several protocols share.

use std::path::PathBuf;

use super::option::{Opt, Values};
use super::parse;

/// The heading of these options.
const INTRODUCTION: &str = "Introduction";

/// Bytes of a user agent. (Bitcoin Core: net.h `MAX_SUBVERSION_LENGTH`)
pub const MAX_USER_AGENT_LEN: usize = 256;

/// Our user agent.
pub static USER_AGENT: Opt<String> = Opt::value(
    "user-agent",
    "TEXT",
    user_agent,
    INTRODUCTION,
    "What we call our program, at most 256 bytes [default: verack and its version, in the protocol's manner]",
);

/// The contact of our operator.
pub static CONTACT: Opt<String> = Opt::value(
    "contact",
    "TEXT",
    contact,
    INTRODUCTION,
    "A contact for questions about these connections, such as ops@example.org: a comment in what we call our program (Bitcoin, \
     Ethereum, libp2p)",
)
.conflicts_with("user-agent");

/// The height of our chain.
pub static START_HEIGHT: Opt<i32> = Opt::value(
    "start-height",
    "N",
    parse::whole::<i32>,
    INTRODUCTION,
    "Height of the last block that we claim to have",
)
.default("0")
.negative();

/// The file with our key. The caller that configures a protocol reads it.
pub static KEY: Opt<PathBuf> = Opt::value(
    "key",
    "FILE",
    |text| Ok(PathBuf::from(text)),
    INTRODUCTION,
    "Our own key, which 'verack key FILE' makes [default: a fresh one for this run]",
);

/// Our user agent: the chosen one, or `name` with the contact as a comment.
pub fn program(values: &Values, name: &str) -> String {
    match (values.get(&USER_AGENT), values.get(&CONTACT)) {
        (Some(chosen), _) => chosen,
        (None, Some(contact)) => format!("{name} ({contact})"),
        (None, None) => name.to_owned(),
    }
}

fn user_agent(text: &str) -> Result<String, String> {
    let fits = text.len() <= MAX_USER_AGENT_LEN;
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("it has {} bytes; at most {MAX_USER_AGENT_LEN} are allowed", text.len()))
}

/// The characters are those that Core allows in a comment of its user agent. (SAFE_CHARS_UA_COMMENT)
fn contact(text: &str) -> Result<String, String> {
    /// A user agent has at most 256 bytes, including our own name.
    const MOST: usize = 200;
    let is_safe = |c: char| c.is_ascii_alphanumeric() || " .,;-_?@".contains(c);
    let is_contact = !text.trim().is_empty() && text.len() <= MOST && text.chars().all(is_safe);
    let expected = || format!("expected at most {MOST} letters, digits, spaces and .,;-_?@ such as ops@example.org");
    is_contact.then(|| text.to_owned()).ok_or_else(expected)
}
