//! The conversation of [`Hello`] over a [`Channel`]: all that is left of a handshake once messages can pass.

use alloc::vec::Vec;
use core::mem;

use handshake::{Rx, Step};

use crate::channel::Channel;
use crate::error::Error;
use crate::hello::{Agreed, Hello};
use crate::message::Event;

/// A concluded handshake, over whichever transport.
#[derive(Debug)]
pub struct Concluded {
    /// What was agreed.
    pub agreed: Agreed,
    /// What the connection goes on with.
    pub channel: Channel,
}

/// Goes on by one event. When the conversation is over, it gives the channel away, and of it only the name stays.
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
