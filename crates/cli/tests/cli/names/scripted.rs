//! A DNS server with scripted answers, over UDP and TCP.

use std::io::{Read, Write};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;

/// Types of records. (RFC 1035, RFC 3596)
pub const A: u16 = 1;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;

/// The server's answer.
pub enum Reply {
    /// These records: types and data.
    Records(Vec<(u16, Vec<u8>)>),
    /// The name does not exist.
    NoName,
    /// No answer.
    Silence,
}

/// Starts a server that runs as long as the test program. `script` receives the name in lower case and the type.
pub fn scripted(at: SocketAddr, script: impl Fn(&str, u16) -> Reply + Send + Sync + 'static) -> SocketAddr {
    // A port that is free for UDP may be taken for TCP.
    let (udp, tcp) = iter::repeat_with(|| UdpSocket::bind(at).unwrap())
        .find_map(|udp| TcpListener::bind(udp.local_addr().unwrap()).ok().map(|tcp| (udp, tcp)))
        .unwrap();
    let address = udp.local_addr().unwrap();
    let script = Arc::new(script);
    let of_tcp = script.clone();
    thread::spawn(move || {
        for stream in tcp.incoming().flatten() {
            let script = of_tcp.clone();
            thread::spawn(move || serve(stream, &*script));
        }
    });
    thread::spawn(move || {
        let mut query = [0; 4096];
        while let Ok((len, from)) = udp.recv_from(&mut query) {
            let (udp, script, query) = (udp.try_clone().unwrap(), script.clone(), query[..len].to_vec());
            // A slow answer delays no other.
            thread::spawn(move || {
                let answer = answer(&query, &*script, 1200);
                answer.map(|answer| udp.send_to(&answer, from))
            });
        }
    });
    address
}

fn serve(mut stream: TcpStream, script: &(impl Fn(&str, u16) -> Reply + ?Sized)) {
    let mut len = [0; 2];
    while stream.read_exact(&mut len).is_ok() {
        let mut query = vec![0; u16::from_be_bytes(len).into()];
        if stream.read_exact(&mut query).is_err() {
            return;
        }
        let Some(answer) = answer(&query, script, 65_535) else { continue };
        let len = u16::try_from(answer.len()).unwrap().to_be_bytes();
        let _ = stream.write_all(&[&len[..], &answer].concat());
    }
}

/// The answer, truncated if it is longer than `most`.
fn answer(query: &[u8], script: &(impl Fn(&str, u16) -> Reply + ?Sized), most: usize) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let mut labels = Vec::new();
    let mut at = HEADER;
    while let len @ 1.. = usize::from(*query.get(at)?) {
        labels.push(String::from_utf8_lossy(query.get(at + 1..at + 1 + len)?).to_lowercase());
        at += 1 + len;
    }
    let kind = u16::from_be_bytes([*query.get(at + 1)?, *query.get(at + 2)?]);
    let question = query.get(HEADER..at + 5)?;
    let (records, code) = match script(&labels.join("."), kind) {
        Reply::Records(records) => (records, 0),
        Reply::NoName => (Vec::new(), 3),
        Reply::Silence => return None,
    };
    let head = |count: u16, cut: bool| {
        let flags = [0x84 | if cut { 2 } else { 0 }, 0x80 | code];
        [&query[..2], &flags, &[0, 1], &count.to_be_bytes(), &[0; 4], question].concat()
    };
    let mut answer = head(u16::try_from(records.len()).unwrap(), false);
    for (kind, data) in records {
        // A pointer to the name in the question.
        answer.extend([0xc0, 0x0c]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 1]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    Some(if answer.len() > most { head(0, true) } else { answer })
}

/// The data of a TXT record.
pub fn texts(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(255).flat_map(|chunk| [&[u8::try_from(chunk.len()).unwrap()], chunk].concat()).collect()
}

/// A name as data.
pub fn name_servers(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    labels.chain([0]).collect()
}
