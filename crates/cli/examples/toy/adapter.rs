//! Joins the toy protocol to the program.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use handshake::Reason;
use net::{Seen, Verdict};
use probe::attempt::Attempt;
use probe::key::Secret;
use probe::protocol::field::{Field, FieldKind, abouts, write_fields};
use probe::protocol::{
    AnyOption, Contact, DialMode, FieldAbout, Introduced, Knowledge, Lasting, Misuse, Network, Opt, Protocol, Redial,
    Retry, Side, Transport, Values, converse, parse,
};
use probe::trace::{Direction, Entry};

use crate::greeting::{Event, Greeting, REASONS, Zero};

/// The toy protocol.
pub const PROTOCOL: &dyn Protocol = &Toy;

#[derive(Debug)]
struct Toy;

/// The default port of its nodes.
const PORT: u16 = 4242;

const TRANSPORT: Transport = Transport::named("bare");

static BYTE: Opt<u8> = Opt::value("toy-byte", "N", parse::whole, "Toy", "The byte that we say").default("42");

static OPTIONS: [&dyn AnyOption; 1] = [&BYTE];

static FIELDS: [Field<Heard>; 1] =
    [Field::new("byte", FieldKind::Number, "the byte that it said", |i: &Heard, to| to.value(&i.0)).of_generation(2)];

impl Protocol for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn about(&self) -> &'static str {
        "One byte each way"
    }

    fn options(&self) -> &'static [&'static dyn AnyOption] {
        &OPTIONS
    }

    fn fields(&self) -> Vec<FieldAbout> {
        abouts(&FIELDS)
    }

    fn reasons(&self) -> &'static [Reason] {
        REASONS
    }

    fn networks(&self) -> Vec<Network> {
        vec![Network {
            protocol: PROTOCOL,
            name: "toytown",
            aliases: &["toys"],
            kind: Some("test"),
            port: PORT,
            dns_seeds: &[],
        }]
    }

    fn configure(
        &self,
        _network: Option<&Network>,
        values: &Values,
        _key: Option<&Secret>,
    ) -> Result<Box<dyn Side>, Misuse> {
        Ok(Box::new(OurSide { byte: values.get(&BYTE).unwrap_or_default() }))
    }
}

#[derive(Debug)]
struct OurSide {
    byte: u8,
}

impl Side for OurSide {
    fn protocol(&self) -> &'static dyn Protocol {
        PROTOCOL
    }

    fn chain(&self) -> &str {
        "toytown"
    }

    fn port(&self) -> u16 {
        PORT
    }

    fn accept_mode(&self) -> DialMode {
        DialMode { transport: TRANSPORT, knowledge: Knowledge::Nothing }
    }

    fn shake<'a>(
        &'a self,
        _way: DialMode,
        contact: Contact<'a>,
        attempt: &'a mut Attempt,
    ) -> BoxFuture<'a, Option<Redial>> {
        Box::pin(async move {
            let Contact { stream, part, times, tracer, .. } = contact;
            let mut greeting = Greeting::new(part.role(), self.byte);
            let is_hello = |event: &Event| matches!(event, Event::Heard(_));
            attempt.verdict = match converse(&mut greeting, stream, times, tracer, attempt, is_hello, line).await {
                Ok(_) => Verdict::ok(Vec::new()),
                Err(failure) => {
                    attempt.retry = Retry::after(&failure.cause);
                    Verdict::of_failure(&greeting, &failure)
                }
            };
            attempt.introduced = greeting.theirs().map(|byte| Box::new(Heard(byte)) as _);
            None
        })
    }
}

/// The peer's introduction.
#[derive(Debug)]
struct Heard(u8);

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "says {}", self.0)
    }
}

impl Introduced for Heard {
    fn write_json(&self, out: &mut Vec<u8>) {
        write_fields(&FIELDS, self, out);
    }

    fn agent(&self) -> String {
        String::new()
    }

    fn offers(&self) -> String {
        "nothing more".to_owned()
    }
}

impl Lasting for Zero {
    fn is_ourselves(&self) -> bool {
        false
    }
}

fn line<'a>(seen: &Seen<'a, Event>, at: Duration) -> Entry<'a> {
    let (direction, byte, bytes) = match seen.event {
        Event::Said(byte) => (Direction::Sent, byte, seen.sent),
        Event::Heard(byte) => (Direction::Received, byte, seen.received),
    };
    Entry { at, direction, message: "byte".to_owned(), fields: vec![("byte", byte.into())], bytes }
}
