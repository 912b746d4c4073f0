//! The reason codes of connections, for any protocol, and their meanings.

use handshake::{Blame, Reason};

/// All codes, in the order of the documentation.
pub const REASONS: &[Reason] = &[
    Reason::ok(
        "ok",
        "both sides said everything, and the peer has accepted what we said; if nothing shows that, there is the remark `unconfirmed`",
    ),
    Reason::of("connect.refused", Blame::Network, "nothing listens there"),
    Reason::of("connect.timeout", Blame::Network, "no answer to the TCP connection: host down or packets filtered"),
    Reason::of(
        "connect.unreachable",
        Blame::Network,
        "it does not answer on its own network, or a router says that it cannot be reached",
    ),
    Reason::of("connect.failed", Blame::Network, "the connection failed in another way; the sentence says how"),
    Reason::of(
        "closed",
        Blame::Network,
        "closed without a word; the stage tells where. An RST counts as well once we have sent something: a kernel sends it when its program closes over unread input. In a `hold` it is a FIN alone",
    ),
    Reason::of("reset", Blame::Network, "aborted although nothing of ours can have been unread (only when we listen)"),
    Reason::of("io", Blame::Network, "the connection broke in another way"),
    Reason::of("timeout", Blame::Network, "nothing more came before the deadline"),
    Reason::of(
        "local.proxy",
        Blame::Local,
        "our proxy cannot be reached, or its connection broke: no result for the peer",
    ),
    Reason::of("interrupted", Blame::Local, "no verdict: you ended the run before the attempt, or the hold, was over"),
    Reason::of(
        "flood",
        Blame::Peer,
        "256 KiB came, of Monero 576 KiB, and what we waited for was not among it; with `--hold`, more than 16 MiB and 256 KiB a second",
    ),
    Reason::of("local.too-many-files", Blame::Local, "our limit of open files"),
    Reason::of("local.no-port", Blame::Local, "no local port is free"),
    Reason::of(
        "local.no-route",
        Blame::Local,
        "no route from here, one of ours that leads nowhere (`blackhole`, `prohibit`, `unreachable`), or no such family of addresses",
    ),
    Reason::of("local.forbidden", Blame::Local, "this machine's firewall or policy"),
    Reason::remark(
        "unconfirmed",
        "answered no question that proves that it accepted us, and kept the connection open until the deadline",
    ),
    Reason::remark("closed.before-hello", "closed the connection before it had read what we said"),
];
