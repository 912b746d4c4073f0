//! What is odd about how a peer says hello although the handshake concludes.
//!
//! Core accepts or ignores all of it, except a late `wtxidrelay`, `sendaddrv2`, `sendtxrcncl` or `feature`, for which it
//! disconnects. (Core: net_processing.cpp ProcessMessage)

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use handshake::Remark;

use crate::chain::{Params, TailKind};
use crate::error::Malformed;
use crate::frame::HEADER_LEN;
use crate::message::{Command, Event, MAX_PAYLOAD_LEN, Message};

/// What was odd so far: of each kind the first case, so that it costs no allocation.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    /// How often the peer introduced itself.
    versions: u32,
    /// Bytes behind the last field of its version, beyond those that its network adds.
    trailing: usize,
    /// A message without fields that had a payload, and its bytes.
    loaded: Option<(Command, usize)>,
    /// An extension that was announced after `verack`.
    late: Option<Command>,
    /// Whether `verack` came before the version that it should answer.
    early_verack: bool,
    /// A message that cannot be read.
    unreadable: Option<(Command, Malformed)>,
}

impl Conduct {
    /// Takes note of an event. `len` is the payload's length in bytes of a message that was read whole, and 0 of any other;
    /// `verack` says whether that has come before.
    pub(crate) fn note(&mut self, event: &Event, len: usize, params: &Params, verack: bool) {
        match event {
            Event::Heard(message) => {
                if let Message::Version(version) = message {
                    self.versions += 1;
                    if self.versions == 1 {
                        self.trailing = version.spare(len).saturating_sub(longest_tail(params.tail));
                        if self.trailing > 0 {
                            self.trailing = version.spare(len);
                        }
                    }
                }
                if is_empty(message) && len > 0 && self.loaded.is_none() {
                    self.loaded = Some((message.command(), len));
                }
                if verack && self.late.is_none() && is_for_before_verack(message.command(), params) {
                    self.late = Some(message.command());
                }
                self.early_verack |= *message == Message::Verack && self.versions == 0;
            }
            Event::Malformed { command, what, .. } if self.unreadable.is_none() => {
                self.unreadable = Some((*command, *what));
            }
            Event::Malformed { .. } | Event::Said(_) | Event::Skipped(_) | Event::Transport(_) => {}
        }
    }

    /// Looks through the plaintext messages that had arrived behind the last one of the handshake. They stay where they
    /// are: a connection that is kept reads them.
    pub(crate) fn note_behind(&mut self, mut rest: &[u8], params: &Params) {
        while let Some((header, behind)) = rest.split_first_chunk::<HEADER_LEN>() {
            let command = Command(*header[4..].first_chunk().expect("12 of 24 bytes"));
            let len = u32::from_le_bytes(*header[16..].first_chunk().expect("4 of 24 bytes"));
            let whole = usize::try_from(len).ok().and_then(|len| behind.split_at_checked(len));
            let Some((_, next)) = whole.filter(|_| header.starts_with(&params.magic.0) && len <= MAX_PAYLOAD_LEN)
            else {
                return;
            };
            if self.late.is_none() && is_for_before_verack(command, params) {
                self.late = Some(command);
            }
            rest = next;
        }
    }

    /// One remark for each kind of oddity, in a fixed order.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut remark = |code, detail: String| remarks.push(Remark { code, detail });
        if self.trailing > 0 {
            remark(
                "bitcoin.trailing-bytes",
                format!("sent {} bytes behind the last field of its version", self.trailing),
            );
        }
        if self.versions > 1 {
            remark(
                "bitcoin.version-again",
                format!("introduced itself {} times, of which the first counts", self.versions),
            );
        }
        if self.early_verack {
            remark("bitcoin.early-verack", "sent its verack before its version".into());
        }
        if let Some((command, len)) = self.loaded {
            remark("bitcoin.payload", format!("sent {len} bytes in its {command}, which has no fields"));
        }
        if let Some(command) = self.late {
            remark("bitcoin.late-extension", format!("sent {command} after its verack"));
        }
        if let Some((command, what)) = self.unreadable {
            remark("bitcoin.unreadable", format!("sent a {command} message that cannot be read: {what}"));
        }
        remarks
    }
}

/// Bytes that a network's nodes may send behind the relay byte.
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

/// Whether its name says all.
fn is_empty(message: &Message) -> bool {
    matches!(message, Message::Verack | Message::Wtxidrelay | Message::Sendaddrv2 | Message::Sendheaders)
}

/// Whether the network's nodes send it between version and verack, if at all. (BIP155, BIP330, BIP339, BIP434)
///
/// Those of eCash and Firo send `sendaddrv2` behind their verack. (Bitcoin ABC and Firo: net_processing.cpp)
fn is_for_before_verack(command: Command, params: &Params) -> bool {
    let known_from = match command {
        Command::WTXIDRELAY | Command::SENDTXRCNCL => params.wtxidrelay_from,
        Command::SENDADDRV2 => params.sendaddrv2_from,
        Command::FEATURE => params.feature_from,
        _ => None,
    };
    known_from.is_some()
}
