//! The floor: a bare epoll client that exchanges the same bytes as `verack` with the same peers, without parsing.
//!
//! Each connection takes eight system calls: socket, setsockopt, connect, `epoll_ctl`, send, recv, send, close.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};

use crate::Result;
use crate::flights::Flights;
use crate::peers::hear;
use crate::place::place;

/// The word that starts this role: `floor PORT PEERS CONCURRENCY`.
pub const ROLE: &str = "floor";

/// Exchanges the bytes of one handshake with each peer.
pub fn main(args: &[&str]) -> Result<()> {
    let [port, peers, concurrency] = args else {
        return Err("expected: PORT PEERS CONCURRENCY".into());
    };
    let floor = Floor {
        flights: Flights::new(),
        epoll: epoll::create(CreateFlags::CLOEXEC)?,
        port: port.parse()?,
        peers: peers.parse()?,
        dialled: 0,
        connections: Vec::new(),
    };
    Ok(floor.exchange(concurrency.parse()?)?)
}

struct Floor {
    flights: Flights,
    epoll: OwnedFd,
    port: u16,
    peers: usize,
    dialled: usize,
    /// By file descriptor.
    connections: Vec<Option<Connection>>,
}

struct Connection {
    fd: OwnedFd,
    said_version: bool,
    /// Bytes of the answer that have yet to come.
    missing: usize,
}

impl Floor {
    fn exchange(mut self, concurrency: usize) -> io::Result<()> {
        for _ in 0..concurrency {
            self.dial_next()?;
        }
        let mut events = Vec::with_capacity(1024);
        let mut done = 0;
        while done < self.peers {
            epoll::wait(&self.epoll, spare_capacity(&mut events), None)?;
            for Event { data, flags } in events.drain(..) {
                if self.go_on(data.u64(), flags)? {
                    done += 1;
                    self.dial_next()?;
                }
            }
        }
        Ok(())
    }

    fn dial_next(&mut self) -> io::Result<()> {
        if self.dialled == self.peers {
            return Ok(());
        }
        let address = SocketAddrV4::new(place(self.dialled), self.port);
        self.dialled += 1;
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let fd = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        set_tcp_nodelay(&fd, true)?;
        match rustix::net::connect(&fd, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let number = usize::try_from(fd.as_raw_fd()).expect("an open file has a number");
        let mark = EventData::new_u64(number as u64);
        epoll::add(&self.epoll, &fd, mark, EventFlags::IN | EventFlags::OUT | EventFlags::ET)?;
        if self.connections.len() <= number {
            self.connections.resize_with(number + 1, || None);
        }
        self.connections[number] = Some(Connection { fd, said_version: false, missing: self.flights.answer.len() });
        Ok(())
    }

    /// Returns whether the connection has ended.
    fn go_on(&mut self, mark: u64, flags: EventFlags) -> io::Result<bool> {
        let number = usize::try_from(mark).expect("it was marked with a number");
        let slot = &mut self.connections[number];
        let Some(connection) = slot else { return Ok(false) };
        if !connection.said_version {
            connection.said_version = true;
            send(&connection.fd, &self.flights.version)?;
        } else if flags.contains(EventFlags::IN) {
            connection.missing = match hear(&connection.fd)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                heard => connection.missing.saturating_sub(heard),
            };
            if connection.missing == 0 {
                send(&connection.fd, &self.flights.reply)?;
                *slot = None;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn send(fd: &OwnedFd, flight: &[u8]) -> io::Result<()> {
    match rustix::net::send(fd, flight, SendFlags::NOSIGNAL)? {
        sent if sent == flight.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}
