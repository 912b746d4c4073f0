//! The streams of a connection: two of ours, on which we request identify and push our introduction, and those that the
//! peer opens.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use handshake::Role;

use super::allowance::Allowance;
use super::asking::{Asking, NAMES};
use super::opened::Opened;
use super::queue::Queue;
use super::stream::{Answer, Stream, Turn};
use crate::error::Error;
use crate::event::Message;
use crate::identify::{self, Identify};
use crate::identity::PublicKey;
use crate::multistream::{self, HEADER};
use crate::varint;
use crate::yamux::{ACK, FIN, Frame, Kind, RST, Reason, SYN, StreamError};

/// Streams that a peer may have open at a time: nodes with ten protocols open ten, and rust-libp2p accepts 32 from one
/// peer. More are reset, one by one.
pub(super) const MAX_STREAMS: usize = 32;

/// Streams that are reset because there are too many: a peer that opens still more is flooding.
const MAX_TURNED_AWAY: usize = 128;

/// Introductions that the peer may request on a connection; one is usual.
const MAX_IDENTIFIES: usize = 4;

/// Bytes of one of the peer's streams that are processed together: few, as each stream buffers its unparsed bytes.
const CHUNK: usize = 64;

/// All streams.
#[derive(Debug)]
pub(super) struct Streams {
    asking: Asking,
    theirs: Vec<Stream>,
    turned_away: usize,
    /// The frame whose data is being read.
    body: Option<Body>,
    /// Our introduction, with its length.
    introduction: Vec<u8>,
    introduced: usize,
    /// The bytes that we may still answer.
    pub(super) allowance: Allowance,
    /// Whether our side of the requesting stream is open.
    is_asking: bool,
}

#[derive(Clone, Copy, Debug)]
struct Body {
    stream: u32,
    left: usize,
    /// The frame ends the stream.
    fin: bool,
}

impl Streams {
    /// None yet.
    pub(super) fn new(role: Role, their_key: PublicKey, ours: &Identify) -> Self {
        let (mut message, mut introduction) = (Vec::new(), Vec::new());
        ours.write(&mut message);
        varint::write(message.len() as u64, &mut introduction);
        introduction.append(&mut message);
        let id = match role {
            Role::Initiator => 1,
            Role::Responder => 2,
        };
        Self {
            asking: Asking::new(id, their_key),
            theirs: Vec::new(),
            turned_away: 0,
            body: None,
            introduction,
            introduced: 0,
            allowance: Allowance::of_handshake(),
            is_asking: true,
        }
    }

    /// Opens our stream and requests identify.
    pub(super) fn ask(&self, queue: &mut Queue) {
        let (id, mut data) = (self.asking.id, Vec::new());
        NAMES.iter().for_each(|name| multistream::write(name, &mut data));
        queue.data(id, SYN, &data, NAMES.map(|name| Message::protocol(Some(id), name)));
    }

    /// Pushes our introduction on another stream of ours, and closes that. A peer that does not support the push
    /// protocol resets the stream.
    pub(super) fn push(&self, queue: &mut Queue) {
        let (id, mut data) = (self.asking.id + 2, Vec::new());
        let names = [HEADER, identify::PUSH_NAME];
        names.iter().for_each(|name| multistream::write(name, &mut data));
        data.extend_from_slice(&self.introduction);
        let names = names.map(|name| Message::protocol(Some(id), name));
        self.introduce(id, SYN, &data, names, queue);
    }

    /// The peer's introduction, once it is complete. Call it once: it takes the data out.
    pub(super) fn identify(&mut self) -> Option<Identify> {
        if self.asking.is_over() { self.asking.answer() } else { None }
    }

    /// The peer's introduction as far as it came: nothing without a complete message. Call it once: it takes the data
    /// out.
    pub(super) fn identify_so_far(&mut self) -> Option<Identify> {
        self.asking.answer()
    }

    /// Whether the peer has introduced itself; more messages may come.
    pub(super) fn is_introduced(&self) -> bool {
        self.asking.is_answered()
    }

    /// Whether the peer has requested our introduction and read the answer: it shows that by ending its requesting
    /// stream.
    pub(super) fn is_known(&self) -> bool {
        self.introduced > 0 && !self.theirs.iter().any(|stream| stream.finished)
    }

    /// Whether the peer's answer is complete.
    pub(super) fn is_over(&self) -> bool {
        self.asking.is_over()
    }

    /// Closes our side of the requesting stream, unless it is closed.
    pub(super) fn close_question(&mut self, queue: &mut Queue) {
        if mem::take(&mut self.is_asking) {
            queue.frame(Frame { kind: Kind::Window, flags: FIN, stream: self.asking.id, length: 0 });
        }
    }

    /// The next message in the decrypted text, if one is complete.
    ///
    /// # Errors
    /// If the peer breaks a rule, sends a go away, or does not introduce itself.
    pub(super) fn hear(&mut self, opened: &mut Opened, queue: &mut Queue) -> Result<Option<Message>, Error> {
        loop {
            let Some(body) = self.body else {
                return self.next_frame(opened, queue);
            };
            if let Some(message) = self.next_of_stream(body.stream, queue)? {
                return Ok(Some(message));
            }
            let rest = opened.rest();
            let arrived = &rest[..rest.len().min(body.left)];
            if body.left == 0 {
                self.body = None;
                let was_over = self.is_over();
                self.end_of_frame(body, queue)?;
                if self.is_over() != was_over {
                    return Ok(None);
                }
            } else if arrived.is_empty() {
                return Ok(None);
            } else {
                let len = self.take(body.stream, arrived);
                opened.advance(len);
                self.body = Some(Body { left: body.left - len, ..body });
            }
        }
    }

    /// Takes data of a stream; returns how much.
    fn take(&mut self, id: u32, arrived: &[u8]) -> usize {
        if id == self.asking.id {
            return self.asking.take(arrived);
        }
        match self.theirs.iter_mut().find(|stream| stream.id == id) {
            Some(stream) => {
                let chunk = &arrived[..arrived.len().min(CHUNK)];
                stream.take(chunk);
                chunk.len()
            }
            // It is ignored: last bytes of a closed stream may still arrive.
            None => arrived.len(),
        }
    }

    fn next_frame(&mut self, opened: &mut Opened, queue: &mut Queue) -> Result<Option<Message>, Error> {
        let Some(header) = opened.rest().first_chunk() else {
            return Ok(None);
        };
        let (frame, len) = (Frame::read(header)?, header.len());
        opened.advance(len);
        match frame.kind {
            // The peer's introduction ends here.
            Kind::GoAway if self.asking.is_answered() && !self.asking.is_over() => self.asking.end(None)?,
            Kind::GoAway => return Err(Error::GoAway(Reason(frame.length))),
            Kind::Ping if frame.has(SYN) => self.answer(Frame { flags: ACK, ..frame }, queue),
            Kind::Ping => {}
            Kind::Data | Kind::Window => self.start_of_frame(frame, queue)?,
        }
        Ok(Some(Message::Frame(frame)))
    }

    /// Answers with a frame, if the allowance permits.
    fn answer(&mut self, frame: Frame, queue: &mut Queue) {
        if self.allowance.take(frame.wire_len()) {
            queue.frame(frame);
        }
    }

    fn start_of_frame(&mut self, frame: Frame, queue: &mut Queue) -> Result<(), Error> {
        let Frame { kind, stream: id, length, .. } = frame;
        if id == 0 {
            return Err(Error::Yamux("a frame of data is of no stream"));
        }
        if frame.has(SYN) {
            self.open(id, queue)?;
        }
        if frame.has(RST) {
            self.theirs.retain(|stream| stream.id != id);
            if id == self.asking.id && !self.asking.is_over() {
                self.asking.end(StreamError::of_reset(frame))?;
            }
        }
        let stream = self.theirs.iter_mut().find(|stream| stream.id == id);
        let left = match kind {
            Kind::Data => {
                let len = usize::try_from(length).expect("it is no longer than a window");
                let window = match stream {
                    Some(stream) => Some(&mut stream.theirs),
                    None => (id == self.asking.id).then_some(&mut self.asking.theirs),
                };
                if window.is_some_and(|window| !window.take(len)) {
                    return Err(Error::Yamux("it sends more on a stream than its window has room for"));
                }
                len
            }
            _ => {
                stream.into_iter().for_each(|stream| stream.ours.widen(length));
                0
            }
        };
        self.body = Some(Body { stream: id, left, fin: frame.has(FIN) });
        Ok(())
    }

    /// The peer opens a stream.
    fn open(&mut self, id: u32, queue: &mut Queue) -> Result<(), Error> {
        if id % 2 == self.asking.id % 2 {
            return Err(Error::Yamux("it opens a stream with a number that is ours to use"));
        }
        if self.theirs.iter().any(|stream| stream.id == id) {
            return Err(Error::Yamux("it opens a stream that is open"));
        }
        if self.theirs.len() < MAX_STREAMS {
            self.theirs.reserve_exact(1);
            self.theirs.push(Stream::new(id));
            return Ok(());
        }
        self.turned_away += 1;
        if self.turned_away > MAX_TURNED_AWAY {
            return Err(Error::StreamFlood(MAX_STREAMS));
        }
        self.answer(Frame { kind: Kind::Window, flags: RST, stream: id, length: 0 }, queue);
        Ok(())
    }

    fn end_of_frame(&mut self, Body { stream: id, fin, .. }: Body, queue: &mut Queue) -> Result<(), Error> {
        if !fin {
            return Ok(());
        }
        if id == self.asking.id {
            self.asking.end(None)?;
        }
        if let Some(at) = self.theirs.iter().position(|stream| stream.id == id) {
            let stream = self.theirs.swap_remove(at);
            if !stream.finished {
                let ack = if stream.accepted { 0 } else { ACK };
                self.answer(Frame { kind: Kind::Window, flags: ack | FIN, stream: id, length: 0 }, queue);
            }
        }
        Ok(())
    }

    fn next_of_stream(&mut self, id: u32, queue: &mut Queue) -> Result<Option<Message>, Error> {
        if id == self.asking.id {
            return self.asking.next();
        }
        let may_identify = self.introduced < MAX_IDENTIFIES;
        let Some(stream) = self.theirs.iter_mut().find(|stream| stream.id == id) else {
            return Ok(None);
        };
        let Some(Turn { heard, answer }) = stream.next(may_identify) else {
            return Ok(None);
        };
        let ack = if mem::replace(&mut stream.accepted, true) { 0 } else { ACK };
        let mut data = Vec::new();
        match &answer {
            Answer::Name(name) => multistream::write(name, &mut data),
            Answer::Identify => {
                multistream::write(identify::NAME, &mut data);
                data.extend_from_slice(&self.introduction);
            }
            Answer::Pong(ping, _) => data.extend_from_slice(ping),
            Answer::Reset => {}
        }
        // A peer that requests but does not read gets no answer. Introductions are limited by number, whatever their
        // length.
        let fits = stream.ours.take(data.len());
        let is_allowed = matches!(answer, Answer::Identify | Answer::Reset)
            || self.allowance.take(crate::yamux::HEADER_LEN + data.len());
        match if fits && is_allowed { answer } else { Answer::Reset } {
            Answer::Name(name) => queue.data(id, ack, &data, [Message::protocol(Some(id), name)]),
            Answer::Identify => {
                self.introduced += 1;
                self.introduce(id, ack, &data, [Message::protocol(Some(id), identify::NAME)], queue);
            }
            Answer::Pong(_, more) => {
                queue.data(id, ack, &data, []);
                if more > 0 {
                    queue.frame(Frame { kind: Kind::Window, flags: 0, stream: id, length: more });
                }
            }
            Answer::Reset => {
                self.theirs.retain(|stream| stream.id != id);
                self.answer(Frame { kind: Kind::Window, flags: RST, stream: id, length: 0 }, queue);
            }
        }
        Ok(heard)
    }

    /// Sends our introduction on a stream, and closes it: in two frames that leave as one, since some programs accept
    /// no data in the frame that ends a stream.
    fn introduce<const N: usize>(&self, id: u32, flags: u16, data: &[u8], names: [Message; N], queue: &mut Queue) {
        let (_, start) = varint::read(&self.introduction).expect("it is ours");
        let identify = Identify::read(&self.introduction[start..]).expect("it is ours");
        let says = names.into_iter().chain([Message::Identify { stream: id, identify: Box::new(identify) }]);
        queue.data(id, flags, data, says);
        queue.frame(Frame { kind: Kind::Window, flags: FIN, stream: id, length: 0 });
    }
}
