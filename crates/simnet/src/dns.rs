//! A real DNS server on loopback, over UDP and TCP, for names that exist only here.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Edns, Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::TXT;
use hickory_server::proto::rr::{RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

/// The answer for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These addresses: IPv4 for A queries, IPv6 for AAAA queries.
    Addresses(Vec<IpAddr>),
    /// These texts, for TXT queries.
    Texts(Vec<String>),
    /// The server fails. (SERVFAIL)
    Failure,
    /// The server does not answer.
    Silence,
}

/// Names in lower case, without a final dot, and their answers. Other names do not exist (NXDOMAIN).
///
/// To filter nodes by services, a client of seeds puts a label of `x` and hex digits before a seed's name; such names
/// exist for every name here.
pub type Zone = BTreeMap<String, Answer>;

/// A DNS server on its own port. It stops when dropped.
pub struct Dns {
    address: SocketAddr,
    /// Its tasks end with it.
    _server: Server<Names>,
}

impl Dns {
    /// Serves a zone, over UDP and over TCP on the same port.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start(zone: Zone) -> io::Result<Self> {
        /// A port that is free for UDP is seldom taken for TCP.
        const TRIES: usize = 16;
        let (udp, tcp) = both_sockets(TRIES).await?;
        let address = udp.local_addr()?;
        let mut server = Server::new(Names(zone));
        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 64);
        Ok(Self { address, _server: server })
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dns({})", self.address)
    }
}

async fn both_sockets(tries: usize) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::ErrorKind::AddrInUse.into();
    for _ in 0..tries {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(io::Error::new(last.kind(), format!("no port for a DNS server: {last}")))
}

struct Names(Zone);

impl Names {
    fn answer(&self, name: &str) -> Option<&Answer> {
        let name = name.trim_end_matches('.');
        self.0.get(name).or_else(|| {
            let (filter, seed) = name.split_once('.')?;
            let digits = filter.strip_prefix('x')?;
            let filters = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
            self.0.get(seed).filter(|_| filters)
        })
    }
}

#[async_trait]
impl RequestHandler for Names {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut handle: R) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        let mut answers = Vec::new();
        metadata.response_code = match request.request_info() {
            Err(_) => ResponseCode::FormErr,
            Ok(info) => match self.answer(&info.query.name().to_string()) {
                None => ResponseCode::NXDomain,
                Some(Answer::Failure) => ResponseCode::ServFail,
                Some(Answer::Silence) => return said_nothing(metadata),
                Some(Answer::Addresses(addresses)) => {
                    let name = info.query.original().name();
                    answers = records(addresses, info.query.query_type())
                        .map(|data| Record::from_rdata(name.clone(), TTL, data))
                        .collect();
                    ResponseCode::NoError
                }
                Some(Answer::Texts(texts)) => {
                    let name = info.query.original().name();
                    let wanted = texts.iter().filter(|_| info.query.query_type() == RecordType::TXT);
                    answers = wanted
                        .map(|text| Record::from_rdata(name.clone(), TTL, RData::TXT(TXT::new(vec![text.clone()]))))
                        .collect();
                    ResponseCode::NoError
                }
            },
        };
        let mut response = MessageResponseBuilder::from_message_request(request);
        let mut edns = Edns::new();
        if let Some(theirs) = &request.edns {
            edns.set_max_payload(theirs.max_payload().max(512));
            response.edns(&edns);
        }
        let response = response.build(metadata, &answers, [], [], []);
        handle.send_response(response).await.unwrap_or_else(|_| said_nothing(metadata))
    }
}

/// In seconds; short, so that no resolver caches answers of a network that ends soon.
const TTL: u32 = 1;

fn records(addresses: &[IpAddr], wanted: RecordType) -> impl Iterator<Item = RData> {
    addresses.iter().filter_map(move |address| match (address, wanted) {
        (IpAddr::V4(v4), RecordType::A) => Some(RData::A((*v4).into())),
        (IpAddr::V6(v6), RecordType::AAAA) => Some(RData::AAAA((*v6).into())),
        _ => None,
    })
}

fn said_nothing(metadata: Metadata) -> ResponseInfo {
    Header { metadata, counts: HeaderCounts::default() }.into()
}
