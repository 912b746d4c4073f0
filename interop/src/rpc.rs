//! JSON-RPC over HTTP, as offered by descendants of Bitcoin's node, and by Monero's.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

/// The user name and the password of all nodes here.
pub(crate) const USER: &str = "verack";
pub(crate) const PASSWORD: &str = "verack";

/// Both, for HTTP basic authentication: base64 of `verack:verack`.
const AUTHORIZATION: &str = "dmVyYWNrOnZlcmFjaw==";

/// Calls of a method whose answer is truncated, at most: Monero's node sometimes closes before a long answer has left.
const TRIES: usize = 10;

/// Calls a method and waits for its result.
///
/// # Errors
/// If the node does not answer, or answers with an error.
pub(crate) fn call(node: SocketAddr, path: &str, method: &str, params: &Value) -> io::Result<Value> {
    for _ in 1..TRIES {
        match ask(node, path, method, params) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            answer => return answer,
        }
    }
    ask(node, path, method, params)
}

fn ask(node: SocketAddr, path: &str, method: &str, params: &Value) -> io::Result<Value> {
    // The servers of btcd and geth require the version.
    let body = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params }).to_string();
    let mut stream = TcpStream::connect(node)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // The answer ends where the connection does. Monero's node needs the header for that; for others HTTP/1.0 implies
    // it.
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nAuthorization: Basic {AUTHORIZATION}\r\nContent-Type: application/json\r\n\
         Connection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other(format!("no HTTP body: {answer}")))?;
    let mut answer: Value = serde_json::from_str(body)?;
    match answer["error"].take() {
        Value::Null => Ok(answer["result"].take()),
        error => Err(io::Error::other(format!("{method}: {error}"))),
    }
}
