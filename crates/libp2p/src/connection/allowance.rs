//! Limits the answers to a peer's requests on an encrypted connection: pings, names and streams.

/// Bytes of answers that a peer may get at first. A handshake needs some hundred, for a ping and a few names; the limit
/// is more than a peer with ten protocols requests.
const FIRST: usize = 4096;

/// Bytes that may still be answered.
#[derive(Debug)]
pub(super) struct Allowance {
    left: usize,
    grows: bool,
}

impl Allowance {
    /// For a handshake: it does not grow, so our answers take little memory while they wait for a slow reader.
    pub(super) const fn of_handshake() -> Self {
        Self { left: FIRST, grows: false }
    }

    /// For a connection that is kept: the peer may get as many bytes as it sends, plus the initial amount.
    pub(super) const fn of_session() -> Self {
        Self { left: FIRST, grows: true }
    }

    /// Counts bytes that the peer sent.
    pub(super) fn heard(&mut self, bytes: usize) {
        if self.grows {
            self.left = self.left.saturating_add(bytes).min(FIRST.max(bytes));
        }
    }

    /// Whether an answer of this many bytes is allowed; if so, counts it.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}
