//! How much is answered of what a peer asks on a sealed connection: pings, names and streams.

/// Bytes of answers that a peer has at first. A handshake needs some hundred, for a ping and a few names; more than a peer of
/// ten protocols would ask is not answered.
const FIRST: usize = 4096;

/// Bytes that may still be answered.
#[derive(Debug)]
pub(super) struct Allowance {
    left: usize,
    grows: bool,
}

impl Allowance {
    /// For a handshake: it does not grow, so what we say waits for a slow reader in little memory.
    pub(super) const fn of_handshake() -> Self {
        Self { left: FIRST, grows: false }
    }

    /// For a connection that is kept: the peer gets as many bytes as it sends, and what it has at first.
    pub(super) const fn of_session() -> Self {
        Self { left: FIRST, grows: true }
    }

    /// The peer sent so many bytes.
    pub(super) fn heard(&mut self, bytes: usize) {
        if self.grows {
            self.left = self.left.saturating_add(bytes).min(FIRST.max(bytes));
        }
    }

    /// Whether an answer of so many bytes is allowed.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}
