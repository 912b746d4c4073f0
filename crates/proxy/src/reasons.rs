//! The reason codes of proxies and I2P routers, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::of(
        "tor.not-found",
        Blame::Network,
        "Tor found no descriptor of the onion service: it is gone, or was never there",
    ),
    Reason::of("tor.bad-descriptor", Blame::Network, "Tor found a descriptor of the onion service that is invalid"),
    Reason::of(
        "tor.introduction-failed",
        Blame::Network,
        "no introduction point led to the onion service: most likely it is down",
    ),
    Reason::of("tor.rendezvous-failed", Blame::Network, "Tor and the onion service did not meet"),
    Reason::of(
        "tor.port-closed",
        Blame::Network,
        "the onion service is up, and does not take connections on this port",
    ),
    Reason::of(
        "tor.needs-authorization",
        Blame::Refused,
        "the onion service wants an authorization that Tor does not have",
    ),
    Reason::of(
        "tor.bad-address",
        Blame::Mismatch,
        "the name of the onion service is invalid; it will be the next time, too",
    ),
    Reason::of(
        "tor.failed",
        Blame::Network,
        "Tor could not connect to the onion service, and does not say why: perhaps nothing listens behind it",
    ),
    Reason::of(
        "tor.timeout",
        Blame::Network,
        "Tor did not reach the onion service in time; a Tor that has not bootstrapped says the same",
    ),
    Reason::of("proxy.unreachable", Blame::Network, "the proxy found no route, or no such name"),
    Reason::of("proxy.refused", Blame::Network, "the proxy's connection was refused: nothing listens there"),
    Reason::of(
        "proxy.timeout",
        Blame::Network,
        "the proxy did not connect in time; a Tor that has not bootstrapped, or has no exit, says the same",
    ),
    Reason::of("proxy.failed", Blame::Network, "the proxy could not connect, and does not say why"),
    Reason::of("i2p.not-found", Blame::Network, "the I2P router found no way to the destination"),
    Reason::of("i2p.timeout", Blame::Network, "the I2P router did not reach the destination in time"),
    Reason::of(
        "i2p.no-answer",
        Blame::Network,
        "a stream was opened, and no byte of the peer came; some routers open it before the peer has answered",
    ),
    Reason::of("i2p.port", Blame::Mismatch, "I2P has no ports over SAM 3.1: only port 0 is dialled"),
    Reason::of("local.proxy-not-socks", Blame::Local, "our proxy speaks no SOCKS5"),
    Reason::of("local.proxy-no-method", Blame::Local, "our proxy accepts none of our methods of authentication"),
    Reason::of("local.proxy-credentials", Blame::Local, "our proxy does not accept our user and password"),
    Reason::of("local.proxy-malformed", Blame::Local, "our proxy answers in a way that SOCKS5 does not know"),
    Reason::of("local.proxy-closed", Blame::Local, "our proxy closed the connection before it had answered"),
    Reason::of(
        "local.proxy-silent",
        Blame::Local,
        "our proxy did not answer, although nothing else was asked of it yet",
    ),
    Reason::of(
        "local.proxy-forbids",
        Blame::Local,
        "the rules of our proxy, or of Tor's exits, do not allow this connection",
    ),
    Reason::of(
        "local.proxy-unsupported",
        Blame::Local,
        "our proxy makes no connections, or none to this type of address",
    ),
    Reason::of("local.proxy-offline", Blame::Local, "Tor cannot reach its own network"),
    Reason::of("local.i2p-not-sam", Blame::Local, "our I2P router speaks no SAM on this port"),
    Reason::of("local.i2p-version", Blame::Local, "our I2P router does not speak version 3.1 of SAM"),
    Reason::of("local.i2p-malformed", Blame::Local, "our I2P router answers in a way that SAM does not know"),
    Reason::of("local.i2p-session", Blame::Local, "our I2P router made no session; the sentence has its words"),
    Reason::of("local.i2p-session-gone", Blame::Local, "our I2P router does not know our session any more"),
    Reason::of(
        "local.i2p-error",
        Blame::Local,
        "our I2P router reports a fault of its own; the sentence has its words",
    ),
    Reason::of("local.i2p-closed", Blame::Local, "our I2P router closed the connection before it had answered"),
    Reason::of("local.i2p-silent", Blame::Local, "our I2P router did not answer what it can answer by itself"),
];
