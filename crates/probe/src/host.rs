//! An IP address as a user writes it: with a zone, if it is one of a link (`fe80::1%eth0`).

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::str::FromStr;

use rustix::net::{AddressFamily, SocketType, netdevice, socket};

/// An IP address, and the network interface behind which it is, if it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    ip: IpAddr,
    /// The interface's number, as the system has it; 0 for none. (RFC 4007)
    zone: u32,
}

/// Not an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadHost {
    /// It is of another form.
    Form,
    /// It is one but for its zone, which is no network interface here.
    Zone,
}

impl Host {
    /// Whether it is an IPv4 address.
    pub fn is_ipv4(self) -> bool {
        self.ip.is_ipv4()
    }

    /// The same with a port.
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

/// The number of a network interface, which may be written as that or by its name.
fn number(zone: &str) -> Option<u32> {
    let by_number = || zone.parse().ok().filter(|number| *number > 0);
    let by_name = || {
        let any = socket(AddressFamily::INET, SocketType::DGRAM, None).ok()?;
        netdevice::name_to_index(any, zone).ok()
    };
    by_number().or_else(by_name)
}
