//! All peers in one process: a bare epoll server that answers on every loopback address.
//!
//! It answers a `version` with a whole flight in one write, as a real node does, and reads until the caller closes.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};
use socket2::{Domain, Socket, Type};

use crate::Result;
use crate::flights::Flights;

/// The word that starts this role: `peers answer|silent ADDRESS`.
pub const ROLE: &str = "peers";

/// Serves until standard input ends. Prints the port.
pub fn main(args: &[&str]) -> Result<()> {
    let (answer, address) = match args {
        ["answer", address] => (Some(Flights::new().answer), address.parse()?),
        ["silent", address] => (None, address.parse()?),
        _ => return Err("expected: answer|silent ADDRESS".into()),
    };
    // Real peers are on other machines, so the measured program has priority.
    rustix::process::setpriority_process(None, 19)?;
    let listener = listen(address)?;
    let bound = listener.local_addr()?.as_socket().ok_or("it has an address")?;
    println!("{}", bound.port());
    io::stdout().flush()?;
    Ok(Peers::new(listener.into(), answer)?.serve()?)
}

fn listen(address: SocketAddrV4) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None)?;
    socket.set_reuse_address(true)?;
    if *address.ip() == Ipv4Addr::UNSPECIFIED {
        // One listener for all of 127/8, unreachable from outside.
        socket.bind_device(Some(b"lo"))?;
    }
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    Ok(socket)
}

/// The mark of the listener; connections are marked with their file descriptor.
const LISTENER: u64 = u64::MAX;
const STDIN: u64 = u64::MAX - 1;

/// The wait for events while connections are open.
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

struct Peers {
    listener: OwnedFd,
    epoll: OwnedFd,
    /// The peers' answer to a `version`; `None` if they are silent.
    answer: Option<Vec<u8>>,
    /// By file descriptor.
    connections: Vec<Option<Connection>>,
    /// The number of open connections.
    open: usize,
}

struct Connection {
    fd: OwnedFd,
    answered: bool,
}

impl Peers {
    fn new(listener: OwnedFd, answer: Option<Vec<u8>>) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        epoll::add(&epoll, io::stdin(), EventData::new_u64(STDIN), EventFlags::IN)?;
        Ok(Self { listener, epoll, answer, connections: Vec::new(), open: 0 })
    }

    fn serve(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(1024);
        loop {
            // On a real network, the caller does not pay for waking a peer on another machine. Here its packet would,
            // and more often for a slower caller; so the peers do not sleep while connections are open.
            let wait = (self.open > 0).then_some(&AT_ONCE);
            match epoll::wait(&self.epoll, spare_capacity(&mut events), wait) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if events.is_empty() {
                // Other threads may use this core: the reader of the results, and the thread that prints them.
                thread::yield_now();
            }
            for Event { data, flags } in events.drain(..) {
                match data.u64() {
                    LISTENER => self.accept()?,
                    STDIN => return Ok(()),
                    mark => self.converse(mark, flags),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let fd = match rustix::net::accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(fd) => fd,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::CONNABORTED) => continue,
                Err(error) => return Err(error.into()),
            };
            let number = usize::try_from(fd.as_raw_fd()).expect("an open file has a number");
            if self.answer.is_some() {
                let mark = EventData::new_u64(number as u64);
                epoll::add(&self.epoll, &fd, mark, EventFlags::IN | EventFlags::RDHUP)?;
                self.open += 1;
            }
            if self.connections.len() <= number {
                self.connections.resize_with(number + 1, || None);
            }
            self.connections[number] = Some(Connection { fd, answered: false });
        }
    }

    /// Answers the first bytes: a `version` is written at once, so it arrives whole.
    fn converse(&mut self, mark: u64, flags: EventFlags) {
        let number = usize::try_from(mark).expect("it was marked with a number");
        let slot = &mut self.connections[number];
        let (Some(connection), Some(answer)) = (slot.as_mut(), &self.answer) else {
            return;
        };
        let heard = hear(&connection.fd);
        let gone = heard.is_err() || heard == Ok(0) || flags.contains(EventFlags::RDHUP);
        let answer = if connection.answered { &[] } else { &**answer };
        connection.answered = true;
        if gone || rustix::net::send(&connection.fd, answer, SendFlags::NOSIGNAL) != Ok(answer.len()) {
            *slot = None;
            self.open -= 1;
        }
    }
}

/// Reads all available bytes, and returns their number.
pub fn hear(fd: impl AsFd) -> std::result::Result<usize, Errno> {
    let mut buffer = [0; 4096];
    rustix::net::recv(fd, &mut buffer, RecvFlags::empty()).map(|(_, len)| len)
}
