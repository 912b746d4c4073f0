//! Unusual conduct of a peer whose handshake concludes.
//!
//! Core accepts or ignores all of it, except a late `wtxidrelay`, `sendaddrv2`, `sendtxrcncl` or `feature`, for which
//! it disconnects. (Core: net_processing.cpp ProcessMessage)

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use handshake::Remark;

use crate::chain::{Params, TailKind};
use crate::error::Malformed;
use crate::frame::HEADER_LEN;
use crate::message::{Command, Event, MAX_PAYLOAD_LEN, Message};

/// Unusual conduct so far. It allocates only when there is some.
#[derive(Clone, Debug, Default)]
pub struct Conduct(Option<Box<Odd>>);

/// The first case of each kind, so that its size is bounded whatever a peer does.
#[derive(Clone, Debug, Default)]
struct Odd {
    /// How many more `version` messages the peer sent.
    again: u32,
    /// Bytes after the last field of its version, beyond those that its network adds.
    trailing: usize,
    /// A message without fields that had a payload, and the payload's length in bytes.
    loaded: Option<(Command, usize)>,
    /// An extension that the peer announced after `verack`.
    late: Option<Command>,
    /// Whether `verack` came before the version that it should follow.
    early_verack: bool,
    /// A message that cannot be read.
    unreadable: Option<(Command, Malformed)>,
}

impl Conduct {
    /// The record, created at its first use.
    fn odd(&mut self) -> &mut Odd {
        self.0.get_or_insert_default()
    }

    /// Records an event. `len` is the payload's length in bytes for a message that was read whole, and 0 for others;
    /// `introduced` and `verack` say whether a version and a verack have come before.
    pub(crate) fn note(&mut self, event: &Event, len: usize, params: &Params, introduced: bool, verack: bool) {
        match event {
            Event::Heard(message) => {
                match message {
                    Message::Version(_) if introduced => {
                        let again = &mut self.odd().again;
                        *again = again.saturating_add(1);
                    }
                    Message::Version(version) if version.spare(len) > longest_tail(params.tail) => {
                        self.odd().trailing = version.spare(len);
                    }
                    Message::Verack if !introduced => self.odd().early_verack = true,
                    _ => {}
                }
                if is_empty(message) && len > 0 {
                    self.odd().loaded.get_or_insert((message.command(), len));
                }
                if verack && is_for_before_verack(message.command(), params) {
                    self.odd().late.get_or_insert(message.command());
                }
            }
            Event::Malformed { command, what, .. } => {
                self.odd().unreadable.get_or_insert((*command, *what));
            }
            Event::Said(_) | Event::Skipped(_) | Event::Transport(_) => {}
        }
    }

    /// Inspects the plaintext messages that had arrived after the last message of the handshake, without taking them:
    /// the session that follows reads them.
    pub(crate) fn note_behind(&mut self, mut rest: &[u8], params: &Params) {
        while let Some((header, behind)) = rest.split_first_chunk::<HEADER_LEN>() {
            let command = Command(*header[4..].first_chunk().expect("12 of 24 bytes"));
            let len = u32::from_le_bytes(*header[16..].first_chunk().expect("4 of 24 bytes"));
            let whole = usize::try_from(len).ok().and_then(|len| behind.split_at_checked(len));
            let Some((_, next)) = whole.filter(|_| header.starts_with(&params.magic.0) && len <= MAX_PAYLOAD_LEN)
            else {
                return;
            };
            if is_for_before_verack(command, params) {
                self.odd().late.get_or_insert(command);
            }
            rest = next;
        }
    }

    /// One remark for each kind of unusual conduct, in a fixed order.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        let Some(odd) = &self.0 else { return Vec::new() };
        let mut remarks = Vec::new();
        let mut remark = |code, detail: String| remarks.push(Remark { code, detail });
        if odd.trailing > 0 {
            remark(
                "bitcoin.trailing-bytes",
                format!("sent {} bytes behind the last field of its version", odd.trailing),
            );
        }
        if odd.again > 0 {
            remark(
                "bitcoin.version-again",
                format!("introduced itself {} times, of which the first counts", odd.again.saturating_add(1)),
            );
        }
        if odd.early_verack {
            remark("bitcoin.early-verack", "sent its verack before its version".into());
        }
        if let Some((command, len)) = odd.loaded {
            remark("bitcoin.payload", format!("sent {len} bytes in its {command}, which has no fields"));
        }
        if let Some(command) = odd.late {
            remark("bitcoin.late-extension", format!("sent {command} after its verack"));
        }
        if let Some((command, what)) = odd.unreadable {
            remark("bitcoin.unreadable", format!("sent a {command} message that cannot be read: {what}"));
        }
        remarks
    }
}

/// Bytes that a network's nodes may send after the relay byte.
fn longest_tail(tail: TailKind) -> usize {
    /// (Bitcoin SV: MAX_ASSOCIATION_ID_LEN)
    const ASSOCIATION_ID: usize = 129;
    match tail {
        TailKind::None => 0,
        TailKind::ExtraEntropy => 8,
        TailKind::Mnauth => 32,
        TailKind::MnauthAndMasternode => 33,
        TailKind::AssociationId => 1 + ASSOCIATION_ID,
    }
}

/// Whether the message has no fields.
fn is_empty(message: &Message) -> bool {
    matches!(message, Message::Verack | Message::Wtxidrelay | Message::Sendaddrv2 | Message::Sendheaders)
}

/// Whether the network's nodes send this command between version and verack, if at all. (BIP155, BIP330, BIP339,
/// BIP434)
///
/// Nodes of eCash and Firo send `sendaddrv2` after their verack. (Bitcoin ABC and Firo: net_processing.cpp)
fn is_for_before_verack(command: Command, params: &Params) -> bool {
    let known_from = match command {
        Command::WTXIDRELAY | Command::SENDTXRCNCL => params.wtxidrelay_from,
        Command::SENDADDRV2 => params.sendaddrv2_from,
        Command::FEATURE => params.feature_from,
        _ => None,
    };
    known_from.is_some()
}
