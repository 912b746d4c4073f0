//! Commands: what messages are about, by number.

use core::fmt;

/// Body bytes that a handshake or a timed sync may have. Each of 250 peers takes at most some 130, or 190 if it is an onion
/// service, and the rest some 300. (connection_context.h: get_command_max_bytes)
pub const MAX_SYNC_LEN: u64 = 64 * 1024;

/// Body bytes that a ping or a question for support flags may have. (connection_context.h: get_command_max_bytes)
pub const MAX_PING_LEN: u64 = 4096;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command(pub u32);

macro_rules! commands {
    ($($name:ident $number:literal $text:literal)*) => {
        impl Command {
            $(#[doc = concat!("`", $text, "`")] pub const $name: Self = Self($number);)*

            /// Its name: `handshake`.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

// (src/p2p/p2p_protocol_defs.h, src/cryptonote_protocol/cryptonote_protocol_defs.h)
commands! {
    HANDSHAKE 1001 "handshake"
    TIMED_SYNC 1002 "timed sync"
    PING 1003 "ping"
    SUPPORT_FLAGS 1007 "support flags"
    NEW_BLOCK 2001 "new block"
    NEW_TRANSACTIONS 2002 "new transactions"
    REQUEST_OBJECTS 2003 "request objects"
    RESPONSE_OBJECTS 2004 "response objects"
    REQUEST_CHAIN 2006 "request chain"
    RESPONSE_CHAIN 2007 "response chain"
    NEW_FLUFFY_BLOCK 2008 "new fluffy block"
    REQUEST_FLUFFY_MISSING 2009 "request fluffy missing"
    TXPOOL_COMPLEMENT 2010 "txpool complement"
}

impl Command {
    /// Body bytes that it may have, if it is one that is read whole.
    pub(super) const fn max_whole_len(self) -> Option<u64> {
        match self {
            Self::HANDSHAKE | Self::TIMED_SYNC => Some(MAX_SYNC_LEN),
            Self::PING | Self::SUPPORT_FLAGS => Some(MAX_PING_LEN),
            _ => None,
        }
    }
}

/// Its name, or its number.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "command {}", self.0),
        }
    }
}

/// How a request went: an error if it is below 0. What is above 0 is up to the command: `monerod` says 1. (levin_base.h:
/// LEVIN_OK, LEVIN_ERROR_...)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnCode(pub i32);

impl ReturnCode {
    /// What `monerod` says when all is well. It takes 0 for a failure in the answer to a ping.
    pub const FINE: Self = Self(1);
    /// The command is unknown.
    pub const NO_HANDLER: Self = Self(-6);

    /// Whether the request failed.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        self.0 < 0
    }
}

/// `-7 (format)`
impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.0 {
            -1 => " (connection)",
            -2 => " (connection not found)",
            -3 => " (connection destroyed)",
            -4 => " (timeout)",
            -5 => " (no duplex protocol)",
            -6 => " (no such command)",
            -7 => " (format)",
            _ => "",
        };
        write!(f, "{}{meaning}", self.0)
    }
}
