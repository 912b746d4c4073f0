//! The DNS server answers an independent resolver.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bitcoin::Chain;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use verack_simnet::{self as simnet, Answer, Dns, NAMES_OF_FAILURE, Network, Plan, Zone};

#[tokio::test]
async fn each_family_is_told_to_who_asks_for_it() {
    let v4 = IpAddr::from(Ipv4Addr::new(127, 1, 2, 3));
    let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
    let both = Answer::Addresses(vec![v4, v6]);
    let dns = Dns::start(Zone::from([("seed.test".to_owned(), both)])).await.unwrap();
    let resolver = resolver(dns.address());
    assert_eq!(resolve(&resolver, "seed.test.", RecordType::A).await.unwrap(), [v4].into());
    assert_eq!(resolve(&resolver, "Seed.TEST.", RecordType::AAAA).await.unwrap(), [v6].into());
}

#[tokio::test]
async fn a_seed_may_be_asked_for_nodes_with_services() {
    let v4 = IpAddr::from(Ipv4Addr::LOCALHOST);
    let dns = Dns::start(Zone::from([("seed.test".to_owned(), Answer::Addresses(vec![v4]))]));
    let dns = dns.await.unwrap();
    let resolver = resolver(dns.address());
    assert_eq!(resolve(&resolver, "x9.seed.test.", RecordType::A).await.unwrap(), [v4].into());
    for other in ["x.seed.test.", "y9.seed.test.", "x9.x9.seed.test.", "x9.test."] {
        let error = resolve(&resolver, other, RecordType::A).await.unwrap_err();
        assert!(error.is_nx_domain(), "{other}: {error}");
    }
}

#[tokio::test]
async fn more_addresses_than_a_datagram_holds_come_over_tcp() {
    let many: Vec<_> = (0..2000).map(|n| IpAddr::from(Ipv4Addr::from_bits(0x7f00_0000 + n))).collect();
    let dns = Dns::start(Zone::from([("seed.test".to_owned(), Answer::Addresses(many.clone()))]));
    let dns = dns.await.unwrap();
    let found = resolve(&resolver(dns.address()), "seed.test.", RecordType::A).await;
    assert_eq!(found.unwrap(), many.into_iter().collect());
}

#[tokio::test]
async fn the_seeds_of_a_network_lead_to_all_of_it() {
    let network = Network::start(simnet::bitcoin::plan(&Chain::named("bitcoin").unwrap().params)).await.unwrap();
    let resolver = resolver(network.dns());
    let mut found = BTreeSet::new();
    for seed in network.seeds() {
        let behind = resolve(&resolver, &format!("{seed}."), RecordType::A).await.unwrap();
        assert!(!behind.is_empty(), "no node behind {seed}");
        found.extend(behind);
    }
    let all: BTreeSet<_> = network.addresses().map(|address| address.ip()).collect();
    assert_eq!(found, all);
}

#[tokio::test]
async fn names_of_failure_fail_as_they_should() {
    let network = Network::start(Plan::only(vec![])).await.unwrap();
    for (name, reason) in NAMES_OF_FAILURE {
        let patience = if reason == "resolve.timeout" { 1 } else { 30 };
        let resolver = resolver_that_waits(network.dns(), Duration::from_secs(patience));
        let error = resolve(&resolver, &format!("{name}."), RecordType::A).await.unwrap_err();
        let found = match &error {
            error if error.is_nx_domain() => "resolve.not-found",
            NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => "resolve.failed",
            NetError::Timeout => "resolve.timeout",
            _ => "another",
        };
        assert_eq!(found, reason, "{name}: {error:?}");
    }
}

fn resolver(dns: SocketAddr) -> TokioResolver {
    resolver_that_waits(dns, Duration::from_secs(30))
}

fn resolver_that_waits(dns: SocketAddr, time: Duration) -> TokioResolver {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = dns.port();
        connection
    });
    let server = NameServerConfig::new(dns.ip(), true, connections.into());
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    (options.timeout, options.attempts) = (time, 1);
    builder.build().expect("the configuration is whole")
}

async fn resolve(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<BTreeSet<IpAddr>, NetError> {
    let found = resolver.lookup(name, kind).await?;
    let addresses = found.answers().iter().filter_map(|record| record.data.ip_addr());
    Ok(addresses.collect())
}
