//! The messages that carry addresses: `addr`, and `addrv2` of BIP155.
//!
//! ```text
//! addr     count | time u32 | services u64         | ip 16, IPv4 as IPv6                            | port u16 BE
//! addrv2   count | time u32 | services CompactSize | network u8 | length CompactSize, at most 512 | address | port u16 BE
//! ```

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::ops::Deref;

use address::{Address, Endpoint};
use handshake::Fields;

use super::addrv2::{Unusable, from_v1, read_address, to_v1, write_address};
use crate::compact_size::{read_compact_size, write_compact_size};
use crate::error::Malformed;
use crate::services::Services;

/// Entries that one message may have. (BIP155; Core: MAX_ADDR_TO_SEND)
pub const MAX_ENTRIES: usize = 1000;

/// One address that a node gossips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// When it was last heard of, in seconds since 1970, according to the sender. Any value is legal.
    pub time: u32,
    /// Its services, according to the sender.
    pub services: Services,
    /// Where it can be reached; I2P has port 0.
    pub endpoint: Endpoint,
}

/// The kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Addr,
    Addrv2,
}

impl Entry {
    /// Reads one entry; the inner error says why a valid entry is unusable.
    fn read(form: Form, fields: &mut Fields<'_>) -> Result<Result<Self, Unusable>, Malformed> {
        let time = u32::from_le_bytes(fields.array("time")?);
        let (services, address) = match form {
            Form::Addr => (u64::from_le_bytes(fields.array("services")?), from_v1(fields.array("address")?)),
            Form::Addrv2 => (read_compact_size(fields, "services")?, read_address(fields)?),
        };
        let port = u16::from_be_bytes(fields.array("port")?);
        Ok(address.and_then(|address| match (address, port) {
            // I2P has port 0, as in SAM 3.1, which Core uses.
            (Address::I2p(_), _) | (_, 1..) => {
                Ok(Self { time, services: Services(services), endpoint: Endpoint { address, port } })
            }
            (_, 0) => Err(Unusable::Port),
        }))
    }

    fn write(&self, form: Form, tx: &mut Vec<u8>) {
        tx.extend_from_slice(&self.time.to_le_bytes());
        match form {
            Form::Addr => {
                tx.extend_from_slice(&self.services.0.to_le_bytes());
                let ip = to_v1(&self.endpoint.address).unwrap_or(Ipv6Addr::UNSPECIFIED);
                tx.extend_from_slice(&ip.octets());
            }
            Form::Addrv2 => {
                write_compact_size(self.services.0, tx);
                write_address(&self.endpoint.address, tx);
            }
        }
        tx.extend_from_slice(&self.endpoint.port.to_be_bytes());
    }
}

/// The entries of a message. Clones share one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries(Arc<List>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct List {
    // Not a slice: making one would copy the list.
    entries: Vec<Entry>,
    /// The number of entries left out, in the order of [`Unusable::ALL`].
    unusable: [usize; Unusable::ALL.len()],
}

impl Entries {
    /// Reads a message. Unusable entries are counted and left out; bytes after the last entry are ignored.
    ///
    /// # Errors
    /// If it has more than [`MAX_ENTRIES`], or an entry that is incomplete or that BIP155 forbids.
    pub(crate) fn read(form: Form, payload: &[u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "list of addresses";
        let mut fields = Fields::new(payload);
        let count = usize::try_from(read_compact_size(&mut fields, WHAT)?).map_err(|_| Malformed::TooLong(WHAT))?;
        if count > MAX_ENTRIES {
            return Err(Malformed::TooLong(WHAT));
        }
        // Capacity for the entries that fit in the payload, whatever the count claims: an entry has at least 9 bytes.
        let mut entries = Vec::with_capacity(count.min(payload.len() / 9));
        let mut unusable = <[usize; Unusable::ALL.len()]>::default();
        for _ in 0..count {
            match Entry::read(form, &mut fields)? {
                Ok(entry) => entries.push(entry),
                Err(why) => unusable[why as usize] += 1,
            }
        }
        Ok(Self(Arc::new(List { entries, unusable })))
    }

    /// The number of entries in the message, including those left out.
    #[must_use]
    pub fn told(&self) -> usize {
        self.len() + self.0.unusable.iter().sum::<usize>()
    }

    /// The number of entries left out, for each reason that occurred.
    pub fn unusable(&self) -> impl Iterator<Item = (Unusable, usize)> + use<> {
        Unusable::ALL.into_iter().zip(self.0.unusable).filter(|(_, count)| *count > 0)
    }

    /// Appends a message: at most [`MAX_ENTRIES`] entries, and in `addr` only those that its form can express.
    pub(crate) fn write(&self, form: Form, tx: &mut Vec<u8>) {
        let fits = |entry: &&Entry| form == Form::Addrv2 || to_v1(&entry.endpoint.address).is_some();
        let written = || self.iter().filter(fits).take(MAX_ENTRIES);
        write_compact_size(written().count() as u64, tx);
        written().for_each(|entry| entry.write(form, tx));
    }
}

impl From<Vec<Entry>> for Entries {
    fn from(entries: Vec<Entry>) -> Self {
        Self(Arc::new(List { entries, unusable: Default::default() }))
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.0.entries
    }
}
