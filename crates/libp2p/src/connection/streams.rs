//! The streams of a connection: one of ours, which asks for identify, and those that the peer opens.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use handshake::Role;

use super::asking::{Asking, NAMES};
use super::opened::Opened;
use super::queue::Queue;
use super::stream::{Answer, Stream};
use crate::error::Error;
use crate::event::Message;
use crate::identify::{self, Identify};
use crate::identity::PublicKey;
use crate::multistream;
use crate::varint;
use crate::yamux::{ACK, FIN, Frame, Kind, RST, Reason, SYN};

/// Streams that a peer may have open at a time. Nodes that speak ten protocols open as many.
const MAX_STREAMS: usize = 64;

/// How often we introduce ourselves on a connection; once is usual.
const MAX_IDENTIFIES: usize = 4;

/// Bytes of a stream that are looked at together.
const CHUNK: usize = 1024;

/// All streams.
#[derive(Debug)]
pub(super) struct Streams {
    asking: Asking,
    theirs: Vec<Stream>,
    /// The frame whose data comes.
    body: Option<Body>,
    /// How we introduce ourselves, with its length.
    introduction: Vec<u8>,
    introduced: usize,
    identify: Option<Identify>,
}

#[derive(Clone, Copy, Debug)]
struct Body {
    stream: u32,
    left: usize,
    /// Nothing follows on the stream.
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
        let asking = Asking::new(id, their_key);
        Self { asking, theirs: Vec::new(), body: None, introduction, introduced: 0, identify: None }
    }

    /// Opens our stream and asks for identify.
    pub(super) fn ask(&self, queue: &mut Queue) {
        let (id, mut data) = (self.asking.id, Vec::new());
        NAMES.iter().for_each(|name| multistream::write(name, &mut data));
        queue.data(id, SYN, &data, NAMES.map(|name| Message::protocol(Some(id), name)), None);
    }

    /// How the peer introduced itself. It can be had once.
    pub(super) fn identify(&mut self) -> Option<Identify> {
        self.identify.take()
    }

    /// The next message in what was opened, if one is whole.
    ///
    /// # Errors
    /// If the peer breaks a rule, says goodbye, or does not introduce itself.
    pub(super) fn hear(&mut self, opened: &mut Opened, queue: &mut Queue) -> Result<Option<Message>, Error> {
        loop {
            let Some(body) = self.body else {
                return self.next_frame(opened, queue);
            };
            if let Some(message) = self.next_of_stream(body.stream, queue)? {
                return Ok(Some(message));
            }
            let rest = opened.rest();
            let chunk = &rest[..rest.len().min(body.left).min(CHUNK)];
            if body.left == 0 {
                self.body = None;
                self.end_of_frame(body, queue)?;
            } else if chunk.is_empty() {
                return Ok(None);
            } else {
                if body.stream == self.asking.id {
                    self.asking.take(chunk);
                } else if let Some(stream) = self.theirs.iter_mut().find(|stream| stream.id == body.stream) {
                    stream.take(chunk);
                }
                let len = chunk.len();
                opened.advance(len);
                self.body = Some(Body { left: body.left - len, ..body });
            }
        }
    }

    fn next_frame(&mut self, opened: &mut Opened, queue: &mut Queue) -> Result<Option<Message>, Error> {
        let Some(header) = opened.rest().first_chunk() else {
            return Ok(None);
        };
        let (frame, len) = (Frame::read(header)?, header.len());
        opened.advance(len);
        match frame.kind {
            Kind::GoAway => return Err(Error::GoAway(Reason(frame.length))),
            Kind::Ping if frame.has(SYN) => queue.frame(Frame { flags: ACK, ..frame }),
            Kind::Ping => {}
            Kind::Data | Kind::Window => self.start_of_frame(frame)?,
        }
        Ok(Some(Message::Frame(frame)))
    }

    fn start_of_frame(&mut self, frame: Frame) -> Result<(), Error> {
        let Frame { kind, stream: id, length, .. } = frame;
        if id == 0 {
            return Err(Error::Yamux("a frame of data is of no stream"));
        }
        if frame.has(SYN) {
            if id % 2 == self.asking.id % 2 {
                return Err(Error::Yamux("it opens a stream with a number that is ours to use"));
            }
            if self.theirs.iter().any(|stream| stream.id == id) {
                return Err(Error::Yamux("it opens a stream that is open"));
            }
            if self.theirs.len() >= MAX_STREAMS {
                return Err(Error::StreamFlood(MAX_STREAMS));
            }
            self.theirs.push(Stream::new(id));
        }
        if frame.has(RST) {
            self.theirs.retain(|stream| stream.id != id);
            if id == self.asking.id {
                self.asking.end()?;
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

    fn end_of_frame(&mut self, Body { stream: id, fin, .. }: Body, queue: &mut Queue) -> Result<(), Error> {
        if !fin {
            return Ok(());
        }
        if id == self.asking.id {
            self.asking.end()?;
        }
        if let Some(at) = self.theirs.iter().position(|stream| stream.id == id) {
            let stream = self.theirs.swap_remove(at);
            if !stream.finished {
                let ack = if stream.accepted { 0 } else { ACK };
                queue.frame(Frame { kind: Kind::Window, flags: ack | FIN, stream: id, length: 0 });
            }
        }
        Ok(())
    }

    fn next_of_stream(&mut self, id: u32, queue: &mut Queue) -> Result<Option<Message>, Error> {
        if id == self.asking.id {
            return self.next_answer(queue);
        }
        let may_identify = self.introduced < MAX_IDENTIFIES;
        let Some(stream) = self.theirs.iter_mut().find(|stream| stream.id == id) else {
            return Ok(None);
        };
        let Some((message, answer)) = stream.next(may_identify)? else {
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
        // Who asks and does not listen is not written to.
        let answer = if stream.ours.take(data.len()) { answer } else { Answer::Reset };
        match answer {
            Answer::Name(name) => queue.data(id, ack, &data, [Message::protocol(Some(id), name)], None),
            Answer::Identify => self.introduce(id, ack, &data, queue),
            Answer::Pong(_, more) => {
                queue.data(id, ack, &data, [], None);
                if more > 0 {
                    queue.frame(Frame { kind: Kind::Window, flags: 0, stream: id, length: more });
                }
            }
            Answer::Reset => {
                self.theirs.retain(|stream| stream.id != id);
                queue.frame(Frame { kind: Kind::Window, flags: RST, stream: id, length: 0 });
            }
        }
        Ok(Some(message))
    }

    /// What comes on the stream of ours.
    fn next_answer(&mut self, queue: &mut Queue) -> Result<Option<Message>, Error> {
        let message = self.asking.next()?;
        if let Some(Message::Identify { stream, identify }) = &message {
            self.identify = Some(Identify::clone(identify));
            queue.frame(Frame { kind: Kind::Window, flags: FIN, stream: *stream, length: 0 });
        }
        Ok(message)
    }

    /// Introduces ourselves on a stream of the peer's, and closes it: in two frames that leave as one, since some take no
    /// data with the flag that ends a stream.
    fn introduce(&mut self, stream: u32, ack: u16, data: &[u8], queue: &mut Queue) {
        self.introduced += 1;
        let (_, start) = varint::read(&self.introduction).expect("it is ours");
        let identify = Identify::read(&self.introduction[start..]).expect("it is ours");
        let says = vec![
            Message::protocol(Some(stream), identify::NAME),
            Message::Identify { stream, identify: Box::new(identify) },
        ];
        let fin = Frame { kind: Kind::Window, flags: FIN, stream, length: 0 };
        queue.data(stream, ack, data, says, Some(fin));
    }
}
