//! Zebra's network layer, on Zcash's mainnet, without a chain: it answers every request with nothing.
//!
//! usage: zebra LISTEN [DIAL]

use std::env;
use std::future::{Ready, pending, ready};
use std::task::{Context, Poll};

use zebra_chain::chain_tip::NoChainTip;
use zebra_network::config::CacheDir;
use zebra_network::{BoxError, Config, Request, Response};

#[derive(Clone)]
struct Nothing;

impl tower::Service<Request> for Nothing {
    type Response = Response;
    type Error = BoxError;
    type Future = Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        ready(Ok(Response::Nil))
    }
}

#[tokio::main]
async fn main() {
    let mut args = env::args().skip(1);
    let listen_addr = args.next().and_then(|listen| listen.parse().ok()).expect("usage: zebra LISTEN [DIAL]");
    let config = Config {
        listen_addr,
        // In place of the DNS seeds.
        initial_mainnet_peers: args.collect(),
        cache_dir: CacheDir::disabled(),
        ..Config::default()
    };
    let _kept = zebra_network::init(config, Nothing, NoChainTip, "/Zebra:15.0.0/".into()).await;
    println!("listens on {listen_addr}");
    pending().await
}
