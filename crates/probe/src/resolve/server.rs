//! DNS servers that we query ourselves: the one that the user named, and those of resolv.conf for TXT records, which
//! the system's resolver does not return.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::{One, ResolveError};
use crate::protocol::Listing;

/// DNS servers to query.
#[derive(Clone)]
pub struct Server(Result<TokioResolver, String>);

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

/// A UDP query or its answer may be lost: repeat the query after a third of the time.
const ATTEMPTS: u32 = 3;

impl Server {
    /// This server; a lookup takes at most about `within`.
    pub fn named(server: SocketAddr, within: Duration) -> Self {
        Self::new(vec![config(server)], within)
    }

    /// The servers in resolv.conf; its other settings concern only the system's resolver. Without a file, or a server
    /// in it, query this machine, as the C library does. (resolv.conf(5))
    pub fn of_system(within: Duration) -> Self {
        /// Further servers are ignored. (resolv.conf(5), MAXNS)
        const MAX_SERVERS: usize = 3;
        const DNS_PORT: u16 = 53;
        let text = fs::read("/etc/resolv.conf").unwrap_or_default();
        let mut servers = name_servers(&String::from_utf8_lossy(&text));
        servers.truncate(MAX_SERVERS);
        if servers.is_empty() {
            servers.push(Ipv4Addr::LOCALHOST.into());
        }
        Self::new(servers.into_iter().map(|ip| config(SocketAddr::new(ip, DNS_PORT))).collect(), within)
    }

    fn new(servers: Vec<NameServerConfig>, within: Duration) -> Self {
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = within / ATTEMPTS;
        options.attempts = (ATTEMPTS - 1) as usize;
        // Each name is queried once.
        options.cache_size = 0;
        Self(builder.build().map_err(|error| error.to_string()))
    }

    /// The addresses of a name in one family, with port 0.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub async fn addresses(&self, name: &str, family: One) -> Result<Vec<SocketAddr>, ResolveError> {
        let kind = match family {
            One::V4 => RecordType::A,
            One::V6 => RecordType::AAAA,
        };
        let answer = self.ask(name, name, kind, family.address()).await?;
        let ips = answer.answers().iter().filter_map(|record| match &record.data {
            RData::A(ip) => Some(IpAddr::V4(ip.0)),
            RData::AAAA(ip) => Some(IpAddr::V6(ip.0)),
            _ => None,
        });
        Ok(ips.map(|ip| SocketAddr::new(ip, 0)).collect())
    }

    /// The TXT records of a name's list, unchanged.
    ///
    /// # Errors
    /// [`ResolveError`]
    pub async fn list(&self, name: &str, listing: &Listing) -> Result<Vec<Vec<u8>>, ResolveError> {
        let Listing { label, record: what, .. } = *listing;
        let answer =
            self.ask(&format!("{label}.{name}"), name, RecordType::TXT, what).await.map_err(|error| match error {
                // The name itself may well exist.
                ResolveError::NotFound(name) => ResolveError::Nothing { name, what },
                other => other,
            })?;
        let texts = answer.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// Queries the records of `asked`, on behalf of `name`.
    async fn ask(&self, asked: &str, name: &str, kind: RecordType, what: &'static str) -> Result<Lookup, ResolveError> {
        let failed = |what: String| ResolveError::Failed { name: name.to_owned(), what };
        let resolver = self.0.as_ref().map_err(|error| failed(error.clone()))?;
        // Unchanged: host names may contain underscores where no rule forbids it, as Docker's do.
        let mut asked = Name::from_ascii(asked).map_err(|error| failed(error.to_string()))?;
        asked.set_fqdn(true);
        resolver.lookup(asked, kind).await.map_err(|error: NetError| ResolveError::of(name, what, &error))
    }
}

fn config(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}

/// The addresses after `nameserver`; invalid ones are skipped.
fn name_servers(text: &str) -> Vec<IpAddr> {
    let words = text.lines().map(|line| line.split_ascii_whitespace());
    words.filter_map(|mut words| (words.next()? == "nameserver").then(|| words.next())??.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::name_servers;

    #[test]
    fn odd_words_in_resolv_conf_cost_no_server() {
        let text =
            "search (none) ~.\nnameserver 127.0.0.53\n nameserver\t::1 # ours\nnameserver x\noptions what:ever\n";
        assert_eq!(name_servers(text), ["127.0.0.53", "::1"].map(|ip| ip.parse::<std::net::IpAddr>().unwrap()));
        assert_eq!(name_servers(""), [""; 0].map(|ip| ip.parse::<std::net::IpAddr>().unwrap()));
    }
}
