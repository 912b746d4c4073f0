//! An IP address as a user writes it: with a zone, if it is link-local (`fe80::1%eth0`).

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::str::FromStr;

use rustix::net::{AddressFamily, SocketType, netdevice, socket};

/// An IP address, and its network interface if the text names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    ip: IpAddr,
    /// The interface's index in the system; 0 for none. (RFC 4007)
    zone: u32,
}

/// Why a text is not an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadHost {
    /// It has another form.
    Form,
    /// Its zone is no network interface of this machine.
    Zone,
}

impl Host {
    /// Whether it is an IPv4 address.
    pub fn is_ipv4(self) -> bool {
        self.ip.is_ipv4()
    }

    /// The socket address with this port.
    pub fn at(self, port: u16) -> SocketAddr {
        match self.ip {
            IpAddr::V4(_) => SocketAddr::new(self.ip, port),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, self.zone).into(),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self { ip, zone: 0 }
    }
}

impl FromStr for Host {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        let Some((ip, zone)) = text.split_once('%') else {
            return text.parse().map(|ip: IpAddr| ip.into()).map_err(|_| BadHost::Form);
        };
        let ip = ip.parse().map(IpAddr::V6).map_err(|_| BadHost::Form)?;
        Ok(Self { ip, zone: number(zone).ok_or(BadHost::Zone)? })
    }
}

/// The index of a network interface, from its number or its name.
fn number(zone: &str) -> Option<u32> {
    let by_number = || zone.parse().ok().filter(|number| *number > 0);
    let by_name = || {
        let any = socket(AddressFamily::INET, SocketType::DGRAM, None).ok()?;
        netdevice::name_to_index(any, zone).ok()
    };
    by_number().or_else(by_name)
}
