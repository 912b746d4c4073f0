//! Commands: the numbers of message types.

use core::fmt;

/// Body bytes of a handshake or a timed sync, at most. Each of 250 peers takes at most about 130, or 190 for an onion
/// service, and the rest about 300. (connection_context.h: get_command_max_bytes)
pub const MAX_SYNC_LEN: u64 = 64 * 1024;

/// Body bytes of a ping or a request for support flags, at most. (connection_context.h: get_command_max_bytes)
pub const MAX_PING_LEN: u64 = 4096;

/// The type of a message.
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
    /// Its limit of body bytes, if it is read whole.
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

/// The result of a request: negative for an error. Positive values depend on the command: `monerod` uses 1.
/// (levin_base.h: LEVIN_OK, LEVIN_ERROR_...)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnCode(pub i32);

impl ReturnCode {
    /// The code of `monerod` for success. In the answer to a ping, it treats 0 as a failure.
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
