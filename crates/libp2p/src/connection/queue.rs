//! What is to be said on a sealed connection: a queue, each entry of which becomes a frame of Noise.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use crate::channel::{MAX_TEXT_LEN, Seal};
use crate::event::Message;
use crate::multistream;
use crate::yamux::{self, Frame, Kind};

/// What is to be said, in this order.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Saying>);

/// Bytes that leave together, and the messages that they are.
#[derive(Debug)]
struct Saying {
    text: Vec<u8>,
    messages: VecDeque<Message>,
}

impl Queue {
    /// The next message, if there is one. What is not said yet of its bytes is sealed, and appended.
    pub(super) fn say(&mut self, seal: &mut Seal, tx: &mut Vec<u8>) -> Option<Message> {
        let saying = self.0.front_mut()?;
        // It is one frame nearly always.
        for text in mem::take(&mut saying.text).chunks(MAX_TEXT_LEN) {
            seal.frame(tx, |tx| tx.extend_from_slice(text));
        }
        let message = saying.messages.pop_front();
        if saying.messages.is_empty() {
            self.0.pop_front();
        }
        message
    }

    /// A protocol's name, of the connection itself.
    pub(super) fn name(&mut self, name: &'static str) {
        let mut text = Vec::new();
        multistream::write(name, &mut text);
        self.0.push_back(Saying { text, messages: [Message::protocol(None, name)].into() });
    }

    /// A frame of the muxer, without data.
    pub(super) fn frame(&mut self, frame: Frame) {
        let mut text = Vec::with_capacity(yamux::HEADER_LEN);
        frame.write(&mut text);
        self.0.push_back(Saying { text, messages: [Message::Frame(frame)].into() });
    }

    /// Data of a stream, what it says, and a frame behind it that leaves with it.
    pub(super) fn data(
        &mut self,
        stream: u32,
        flags: u16,
        data: &[u8],
        says: impl IntoIterator<Item = Message>,
        behind: Option<Frame>,
    ) {
        let length = u32::try_from(data.len()).expect("nothing that we say is as long");
        let frame = Frame { kind: Kind::Data, flags, stream, length };
        let mut text = Vec::with_capacity(2 * yamux::HEADER_LEN + data.len());
        frame.write(&mut text);
        text.extend_from_slice(data);
        behind.iter().for_each(|frame| frame.write(&mut text));
        let messages = [Message::Frame(frame)].into_iter().chain(says).chain(behind.map(Message::Frame)).collect();
        self.0.push_back(Saying { text, messages });
    }
}
