//! Options for proxies, and the routes that they make.

use std::env;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use clap::{ArgAction, Args};
use probe::routes::{ProxyServer, Routes};
use proxy::socks::{Credentials, UserPassword};

use crate::exit::Error;

/// Proxies.
#[derive(Clone, Debug, Args)]
pub struct Proxies {
    /// Dial everything through this SOCKS5 proxy, which resolves names, too; also socks5://USER:PASSWORD@HOST:PORT [default:
    /// VERACK_PROXY]
    #[arg(long, value_name = "HOST:PORT", help_heading = "Addresses")]
    proxy: Option<String>,
    /// Dial onion services through the Tor that listens here; may be given several times [default: VERACK_TOR]
    #[arg(long, value_name = "HOST:PORT", action = ArgAction::Append, help_heading = "Addresses")]
    tor: Vec<String>,
}

impl Proxies {
    /// The routes of a run.
    ///
    /// # Errors
    /// A proxy is not one.
    pub fn routes(&self) -> Result<Arc<Routes>, Error> {
        let given = self.proxy.clone().or_else(|| variable(PROXY));
        let proxy = given.map(|text| server(&text)).transpose()?;
        let tor = match &self.tor[..] {
            [] => variable(TOR).into_iter().collect(),
            given => given.to_vec(),
        };
        let tor = tor.iter().map(|text| address(text, "--tor")).collect::<Result<_, _>>()?;
        Ok(Arc::new(Routes::new(proxy, tor)))
    }
}

/// For a command that has no such option: it must not dial directly what the user wants to go through a proxy.
///
/// # Errors
/// If the environment names a proxy for everything.
#[cfg(feature = "crawl")]
pub fn refuse_variable(command: &str) -> Result<(), Error> {
    match variable(PROXY) {
        None => Ok(()),
        Some(_) => Err(Error::Usage(format!(
            "{PROXY} is set, and 'verack {command}' cannot use a proxy: it would dial directly. Unset it for this command"
        ))),
    }
}

/// The environment's proxy for everything.
const PROXY: &str = "VERACK_PROXY";

/// The environment's Tor.
const TOR: &str = "VERACK_TOR";

/// A variable of the environment, unless it is empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// `[socks5://[USER:PASSWORD@]]HOST:PORT`
fn server(text: &str) -> Result<ProxyServer, Error> {
    const FORM: &str = "expected HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT";
    let wrong = |why: String| Error::Usage(format!("--proxy: {why}"));
    let rest = match text.split_once("://") {
        None => text,
        Some(("socks5" | "socks5h", rest)) => rest.strip_suffix('/').unwrap_or(rest),
        Some((scheme, _)) => return Err(wrong(format!("{}:// is no SOCKS5 proxy; {FORM}", scheme.escape_debug()))),
    };
    let (credentials, host) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((pair, host)) => {
            // A password is not shown.
            let (user, password) = pair.split_once(':').ok_or_else(|| wrong(format!("no password; {FORM}")))?;
            let pair = UserPassword { user: user.as_bytes(), password: password.as_bytes() };
            (Some(Credentials::new(pair).map_err(|error| wrong(error.to_string()))?), host)
        }
    };
    Ok(ProxyServer { address: address(host, "--proxy")?, credentials })
}

/// Where a proxy listens. Its own name is looked up once, by the system.
fn address(text: &str, option: &str) -> Result<SocketAddr, Error> {
    let shown = text.escape_debug();
    let has_port = text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0));
    if !has_port {
        return Err(Error::Usage(format!("{option} '{shown}': expected HOST:PORT, such as 127.0.0.1:9050")));
    }
    let found = text.to_socket_addrs().map_err(|error| Error::local(format!("{option} '{shown}'"), error))?;
    found.into_iter().next().ok_or_else(|| Error::Usage(format!("{option} '{shown}' has no address")))
}
