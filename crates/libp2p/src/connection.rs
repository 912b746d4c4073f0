//! A connection once it is sealed: the choice of a muxer, and the streams in it.
//!
//! ```text
//! frames of Noise ── names: /multistream/1.0.0, /yamux/1.0.0         unless that was agreed on within Noise
//!                 └─ frames of yamux ── ours:   asks for identify
//!                                    └─ theirs: ask for identify, ping, or what we do not speak
//! ```
//! What is to be said waits in a queue, in which each entry becomes a frame of Noise.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use handshake::{Role, Rx, Text};

use crate::asking::{Asking, NAMES};
use crate::channel::{Channel, MAX_TEXT_LEN};
use crate::error::{Error, Halt};
use crate::event::{Event, Message};
use crate::identify::{self, Identify};
use crate::identity::PublicKey;
use crate::local::Opening;
use crate::multistream::{self, HEADER, NA};
use crate::stream::{Answer, Stream};
use crate::varint;
use crate::yamux::{self, ACK, FIN, Frame, Kind, RST, Reason, SYN};

/// Streams that a peer may have open at a time. Nodes that speak ten protocols open as many.
const MAX_STREAMS: usize = 64;

/// Protocols that a peer may propose on a connection, and get no for an answer.
pub(crate) const MAX_PROPOSALS: usize = 16;

/// How often we introduce ourselves on a connection; once is usual.
const MAX_IDENTIFIES: usize = 4;

/// Bytes of a stream that are looked at together.
const CHUNK: usize = 1024;

/// How both sides agreed on a muxer. It is yamux always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Muxer {
    /// Within Noise's payloads. (`connections/inlined-muxer-negotiation.md`)
    Inlined,
    /// By names, once the connection was sealed.
    Negotiated,
}

/// A sealed connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    channel: Channel,
    opening: Opening,
    /// How we introduce ourselves, with its length.
    introduction: Vec<u8>,
    introduced: usize,
    /// What was opened, and how much of it was understood.
    text: Vec<u8>,
    at: usize,
    muxing: Muxing,
    /// The frame of the muxer whose data comes.
    body: Option<Body>,
    asking: Asking,
    streams: Vec<Stream>,
    saying: VecDeque<Saying>,
    identify: Option<Identify>,
}

/// How far the choice of a muxer has come.
#[derive(Debug)]
enum Muxing {
    Header,
    Answer,
    Proposal(Vec<Text>),
    Agreed,
}

#[derive(Clone, Copy, Debug)]
struct Body {
    stream: u32,
    left: usize,
    /// Nothing follows on the stream.
    fin: bool,
}

/// What will become a frame of Noise: its bytes, and what they say.
#[derive(Debug)]
struct Saying {
    text: Vec<u8>,
    messages: VecDeque<Message>,
}

impl Connection {
    /// At its start.
    pub(crate) fn new(
        role: Role,
        channel: Channel,
        muxer: Muxer,
        opening: Opening,
        their_key: PublicKey,
        ours: &Identify,
    ) -> Self {
        let (mut message, mut introduction) = (Vec::new(), Vec::new());
        ours.write(&mut message);
        varint::write(message.len() as u64, &mut introduction);
        introduction.append(&mut message);
        let id = match role {
            Role::Initiator => 1,
            Role::Responder => 2,
        };
        let mut connection = Self {
            role,
            channel,
            opening,
            introduction,
            introduced: 0,
            text: Vec::new(),
            at: 0,
            muxing: Muxing::Header,
            body: None,
            asking: Asking::new(id, their_key),
            streams: Vec::new(),
            saying: VecDeque::new(),
            identify: None,
        };
        match (muxer, role, opening) {
            (Muxer::Inlined, ..) => connection.agree(),
            (Muxer::Negotiated, Role::Responder, _) => {}
            (Muxer::Negotiated, Role::Initiator, Opening::Patient) => connection.say_name(HEADER),
            (Muxer::Negotiated, Role::Initiator, Opening::Optimistic) => {
                connection.say_name(HEADER);
                connection.say_name(yamux::NAME);
                connection.ask();
            }
        }
        connection
    }

    /// Asks whether the peer is there, in the muxer's own way.
    pub(crate) fn ping(&mut self, value: u32) {
        self.say_frame(Frame { kind: Kind::Ping, flags: SYN, stream: 0, length: value });
    }

    /// Says that the connection is over: how to leave politely.
    pub fn go_away(&mut self, reason: Reason) {
        self.say_frame(Frame { kind: Kind::GoAway, flags: 0, stream: 0, length: reason.0 });
    }

    /// How the peer introduced itself. It can be had once.
    pub(crate) fn identify(&mut self) -> Option<Identify> {
        self.identify.take()
    }

    /// The muxers that the peer proposed, none of which we speak.
    pub(crate) fn refused(&self) -> &[Text] {
        match &self.muxing {
            Muxing::Proposal(theirs) => theirs,
            _ => &[],
        }
    }

    /// What it waits for.
    pub(crate) fn awaiting(&self) -> &'static str {
        match (&self.muxing, self.role) {
            (Muxing::Agreed, _) => "identify",
            (_, Role::Initiator) => "answer to /yamux/1.0.0",
            (_, Role::Responder) => "muxer",
        }
    }

    /// Goes on by one event: says what is to be said, or hears what the peer says.
    ///
    /// # Errors
    /// [`Halt::Short`] if there is neither; an error if the peer breaks a rule.
    pub(crate) fn step(&mut self, rx: &mut Rx<'_>, tx: &mut Vec<u8>) -> Result<Event, Halt> {
        if let Some(message) = self.say(tx) {
            return Ok(Event::Said(message));
        }
        match self.hear(rx) {
            // The end of a stream may ask for an answer, and be no message of its own.
            Err(Halt::Short(short)) => self.say(tx).map(Event::Said).ok_or(Halt::Short(short)),
            heard => heard,
        }
    }

    /// What to say now, before anything more is heard. It is appended.
    fn say(&mut self, tx: &mut Vec<u8>) -> Option<Message> {
        let saying = self.saying.front_mut()?;
        let text = mem::take(&mut saying.text);
        // It is one nearly always.
        for text in text.chunks(MAX_TEXT_LEN) {
            self.channel.seal.frame(tx, |tx| tx.extend_from_slice(text));
        }
        let message = saying.messages.pop_front();
        if saying.messages.is_empty() {
            self.saying.pop_front();
        }
        message
    }

    /// The next message of the peer's, or part of one.
    fn hear(&mut self, rx: &mut Rx<'_>) -> Result<Event, Halt> {
        let mut opened = None;
        loop {
            if let Some(message) = self.next_message()? {
                return Ok(Event::Heard(message));
            }
            if let Some(len) = opened {
                return Ok(Event::Part(len));
            }
            let text = self.channel.open.frame(rx)?;
            opened = Some(text.len());
            self.text.drain(..mem::take(&mut self.at));
            self.text.extend_from_slice(text);
        }
    }

    fn next_message(&mut self) -> Result<Option<Message>, Error> {
        if !matches!(self.muxing, Muxing::Agreed) {
            return self.next_name();
        }
        loop {
            match self.body {
                None => return self.next_frame(),
                Some(body) => {
                    if let Some(message) = self.next_of_stream(body.stream)? {
                        return Ok(Some(message));
                    }
                    let chunk = &self.text[self.at..];
                    let chunk = &chunk[..chunk.len().min(body.left).min(CHUNK)];
                    if body.left == 0 {
                        self.body = None;
                        self.end_of_frame(body)?;
                    } else if chunk.is_empty() {
                        return Ok(None);
                    } else {
                        if body.stream == self.asking.id {
                            self.asking.take(chunk);
                        } else if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == body.stream) {
                            stream.take(chunk);
                        }
                        self.at += chunk.len();
                        self.body = Some(Body { left: body.left - chunk.len(), ..body });
                    }
                }
            }
        }
    }

    /// A name, while the muxer is agreed on.
    fn next_name(&mut self) -> Result<Option<Message>, Error> {
        let name = match multistream::read(&self.text[self.at..]) {
            Ok((name, len)) => {
                self.at += len;
                Text::from(name)
            }
            Err(Halt::Short(_)) => return Ok(None),
            Err(Halt::Error(error)) => return Err(error),
        };
        let is = |expected: &str| name.as_bytes() == expected.as_bytes();
        let unexpected = |expected| Error::Answer { expected, found: name.clone() };
        match (&mut self.muxing, self.role) {
            (Muxing::Header, _) if !is(HEADER) => return Err(unexpected(HEADER)),
            (Muxing::Header, Role::Initiator) => {
                self.muxing = Muxing::Answer;
                if self.opening == Opening::Patient {
                    self.say_name(yamux::NAME);
                }
            }
            (Muxing::Header, Role::Responder) => {
                self.muxing = Muxing::Proposal(Vec::new());
                self.say_name(HEADER);
            }
            (Muxing::Answer, _) if is(yamux::NAME) => match self.opening {
                Opening::Optimistic => self.muxing = Muxing::Agreed,
                Opening::Patient => self.agree(),
            },
            (Muxing::Answer, _) if is(NA) => return Err(Error::NoMuxer { theirs: [].into() }),
            (Muxing::Answer, _) => return Err(unexpected(yamux::NAME)),
            (Muxing::Proposal(_), _) if is(yamux::NAME) => {
                self.say_name(yamux::NAME);
                self.agree();
            }
            (Muxing::Proposal(theirs), _) => {
                theirs.push(name.clone());
                if theirs.len() >= MAX_PROPOSALS {
                    return Err(Error::NoMuxer { theirs: mem::take(theirs).into() });
                }
                self.say_name(NA);
            }
            (Muxing::Agreed, _) => {}
        }
        Ok(Some(Message::protocol(None, name)))
    }

    /// Both sides speak yamux from here on.
    fn agree(&mut self) {
        self.muxing = Muxing::Agreed;
        self.ask();
    }

    fn next_frame(&mut self) -> Result<Option<Message>, Error> {
        let Some(header) = self.text[self.at..].first_chunk() else {
            return Ok(None);
        };
        let frame = Frame::read(header)?;
        self.at += header.len();
        match frame.kind {
            Kind::GoAway => return Err(Error::GoAway(Reason(frame.length))),
            Kind::Ping if frame.has(SYN) => self.say_frame(Frame { flags: ACK, ..frame }),
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
            if self.streams.iter().any(|stream| stream.id == id) {
                return Err(Error::Yamux("it opens a stream that is open"));
            }
            if self.streams.len() >= MAX_STREAMS {
                return Err(Error::StreamFlood(MAX_STREAMS));
            }
            self.streams.push(Stream::new(id));
        }
        if frame.has(RST) {
            self.streams.retain(|stream| stream.id != id);
            if id == self.asking.id {
                self.asking.end()?;
            }
        }
        let stream = self.streams.iter_mut().find(|stream| stream.id == id);
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

    fn end_of_frame(&mut self, Body { stream: id, fin, .. }: Body) -> Result<(), Error> {
        if !fin {
            return Ok(());
        }
        if id == self.asking.id {
            self.asking.end()?;
        }
        if let Some(at) = self.streams.iter().position(|stream| stream.id == id) {
            let stream = self.streams.swap_remove(at);
            if !stream.finished {
                let ack = if stream.accepted { 0 } else { ACK };
                self.say_frame(Frame { kind: Kind::Window, flags: ack | FIN, stream: id, length: 0 });
            }
        }
        Ok(())
    }

    fn next_of_stream(&mut self, id: u32) -> Result<Option<Message>, Error> {
        if id == self.asking.id {
            return self.next_answer();
        }
        let may_identify = self.introduced < MAX_IDENTIFIES;
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) else {
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
            Answer::Name(name) => self.say_data(id, ack, &data, [Message::protocol(Some(id), name)], None),
            Answer::Identify => self.introduce(id, ack, &data),
            Answer::Pong(_, more) => {
                self.say_data(id, ack, &data, [], None);
                if more > 0 {
                    self.say_frame(Frame { kind: Kind::Window, flags: 0, stream: id, length: more });
                }
            }
            Answer::Reset => {
                self.streams.retain(|stream| stream.id != id);
                self.say_frame(Frame { kind: Kind::Window, flags: RST, stream: id, length: 0 });
            }
        }
        Ok(Some(message))
    }

    /// What comes on the stream of ours.
    fn next_answer(&mut self) -> Result<Option<Message>, Error> {
        let message = self.asking.next()?;
        if let Some(Message::Identify { stream, identify }) = &message {
            self.identify = Some(Identify::clone(identify));
            self.say_frame(Frame { kind: Kind::Window, flags: FIN, stream: *stream, length: 0 });
        }
        Ok(message)
    }

    fn say_name(&mut self, name: &'static str) {
        let mut text = Vec::new();
        multistream::write(name, &mut text);
        self.saying.push_back(Saying { text, messages: [Message::protocol(None, name)].into() });
    }

    fn say_frame(&mut self, frame: Frame) {
        let mut text = Vec::with_capacity(yamux::HEADER_LEN);
        frame.write(&mut text);
        self.saying.push_back(Saying { text, messages: [Message::Frame(frame)].into() });
    }

    /// Data of a stream, what it says, and a frame behind it that leaves with it.
    fn say_data(
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
        self.saying.push_back(Saying { text, messages });
    }

    /// Opens our stream and asks for identify.
    fn ask(&mut self) {
        let (id, mut data) = (self.asking.id, Vec::new());
        NAMES.iter().for_each(|name| multistream::write(name, &mut data));
        self.say_data(id, SYN, &data, NAMES.map(|name| Message::protocol(Some(id), name)), None);
    }

    /// Introduces ourselves on a stream of the peer's, and closes it: in two frames that leave as one, since some take no
    /// data with the flag that ends a stream.
    fn introduce(&mut self, stream: u32, ack: u16, data: &[u8]) {
        self.introduced += 1;
        let (_, start) = varint::read(&self.introduction).expect("it is ours");
        let identify = Identify::read(&self.introduction[start..]).expect("it is ours");
        let says = vec![
            Message::protocol(Some(stream), identify::NAME),
            Message::Identify { stream, identify: Box::new(identify) },
        ];
        let fin = Frame { kind: Kind::Window, flags: FIN, stream, length: 0 };
        self.say_data(stream, ack, data, says, Some(fin));
    }
}
