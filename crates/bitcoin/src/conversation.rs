//! Runs [`Hello`] over a [`Channel`]: the rest of a handshake once messages can pass.

use alloc::vec::Vec;
use core::mem;

use handshake::{Rx, Step};

use crate::channel::Channel;
use crate::error::Error;
use crate::hello::{Agreed, Hello};
use crate::message::Event;

/// A concluded handshake, over either transport.
#[derive(Debug)]
pub struct Concluded {
    /// What was agreed.
    pub agreed: Agreed,
    /// The channel for the messages that follow.
    pub channel: Channel,
}

/// Advances by one event. At the end it gives the channel away and keeps only the session id.
pub(crate) fn converse(
    hello: &mut Hello,
    channel: &mut Channel,
    rx: &mut Rx<'_>,
    tx: &mut Vec<u8>,
) -> Result<Step<Event, Concluded>, Error> {
    if let Some(message) = hello.say() {
        channel.write(&message, &hello.local().tail, tx);
        return Ok(Step::Event(Event::Said(message)));
    }
    if let Some(agreed) = hello.agreed() {
        hello.note_behind(channel.plain(rx.rest()));
        let name_alone = Channel { session_id: channel.session_id, ..Channel::v1(hello.local().params) };
        let channel = mem::replace(channel, name_alone);
        return Ok(Step::Done(Concluded { agreed, channel }));
    }
    match channel.read_measured(rx) {
        Ok((event, len)) => {
            hello.note(&event, len);
            hello.take_in(&event)?;
            Ok(Step::Event(event))
        }
        Err(halt) => halt.into_step(),
    }
}
