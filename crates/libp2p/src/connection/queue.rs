//! Messages to send on an encrypted connection: a queue of flights, each of which becomes one frame of Noise.
//!
//! Frames of the muxer that are queued one after the other leave together. So an answer never takes more bytes on the
//! wire than the request, however small that is.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use crate::channel::{MAX_TEXT_LEN, Seal};
use crate::event::Message;
use crate::multistream;
use crate::yamux::{self, Frame, Kind};

/// Flights to send, in this order.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Flight>);

/// Bytes that leave together, and their messages.
#[derive(Debug)]
struct Flight {
    text: Vec<u8>,
    messages: VecDeque<Message>,
    /// Whether frames of the muxer may follow in the same frame of Noise.
    is_open: bool,
}

impl Queue {
    /// The next message, if there is one. Encrypts and appends the unsent part of its flight.
    pub(super) fn say(&mut self, seal: &mut Seal, tx: &mut Vec<u8>) -> Option<Message> {
        let flight = self.0.front_mut()?;
        flight.is_open = false;
        // Almost always one frame.
        for text in mem::take(&mut flight.text).chunks(MAX_TEXT_LEN) {
            seal.frame(tx, |tx| tx.extend_from_slice(text));
        }
        let message = flight.messages.pop_front();
        if flight.messages.is_empty() {
            self.0.pop_front();
        }
        message
    }

    /// Queues a protocol's name, of the connection itself.
    pub(super) fn name(&mut self, name: &'static str) {
        let mut text = Vec::new();
        multistream::write(name, &mut text);
        let messages = [Message::protocol(None, name)].into();
        self.0.push_back(Flight { text, messages, is_open: false });
    }

    /// Queues a frame of the muxer, without data.
    pub(super) fn frame(&mut self, frame: Frame) {
        let flight = self.open_flight();
        frame.write(&mut flight.text);
        flight.messages.push_back(Message::Frame(frame));
    }

    /// Queues data of a stream, and its messages.
    pub(super) fn data(&mut self, stream: u32, flags: u16, data: &[u8], says: impl IntoIterator<Item = Message>) {
        let length = u32::try_from(data.len()).expect("nothing that we say is as long");
        let frame = Frame { kind: Kind::Data, flags, stream, length };
        let flight = self.open_flight();
        flight.text.reserve(yamux::HEADER_LEN + data.len());
        frame.write(&mut flight.text);
        flight.text.extend_from_slice(data);
        flight.messages.push_back(Message::Frame(frame));
        flight.messages.extend(says);
    }

    /// The last flight, or a new one after it if the last is closed.
    fn open_flight(&mut self) -> &mut Flight {
        if !self.0.back().is_some_and(|last| last.is_open) {
            self.0.push_back(Flight { text: Vec::new(), messages: VecDeque::new(), is_open: true });
        }
        self.0.back_mut().expect("there is one now")
    }
}
