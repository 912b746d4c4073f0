//! A link between two network namespaces that delays every packet.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::cost::Cost;
use crate::program::role;

/// Delay of a packet in milliseconds, in each direction.
const ONE_WAY: &str = "50";

/// Two namespaces and the link between them, removed when dropped.
pub struct Link {
    /// The namespace of programs that dial.
    pub near: String,
    /// The namespace of programs that listen.
    pub far: String,
    process: Child,
}

impl Link {
    /// Creates them.
    pub fn start() -> Result<Self> {
        let own = std::process::id();
        let (near, far) = (format!("verack-near-{own}"), format!("verack-far-{own}"));
        let mut process = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/delaylink.py"))
            .args([&near, &far, ONE_WAY])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line)?;
        let link = Self { near, far, process };
        if line.trim() == "ready" {
            // The first packets resolve neighbours and find cold caches.
            std::thread::sleep(Duration::from_millis(500));
            Ok(link)
        } else {
            Err("the link needs root, /dev/net/tun and ip".into())
        }
    }

    /// Milliseconds of a round trip to a listening address.
    pub fn trip(&self, address: &str) -> Result<f64> {
        let (_, trip) = Cost::of(role(KNOCK, Some(&self.near))?.arg(address))?;
        Ok(trip.trim().parse()?)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for namespace in [&self.near, &self.far] {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}

/// The word that starts the role which measures a round trip: `knock ADDRESS`.
pub const KNOCK: &str = "knock";

/// Prints the milliseconds of a bare connect: one round trip.
pub fn knock(args: &[&str]) -> Result<()> {
    let [address] = args else {
        return Err("expected: ADDRESS".into());
    };
    let address: SocketAddr = address.parse()?;
    let started = Instant::now();
    let _stream = TcpStream::connect(address)?;
    println!("{}", started.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
