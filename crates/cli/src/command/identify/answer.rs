//! What listens at an address, for people and for programs.

use std::fmt::Write as _;

use crate::args::Format;
use crate::output::write_json;
use probe::identify::{Identified, Known, Tried};

/// Formats the whole answer.
pub fn to_text(identified: &Identified, format: Format) -> Vec<u8> {
    match format {
        Format::Human => to_lines(identified).into_bytes(),
        Format::Json | Format::Csv => {
            let mut text = Vec::new();
            write_json(&mut text, identified);
            text
        }
    }
}

fn to_lines(Identified { address, known, tried, not_tried, needs_key, .. }: &Identified) -> String {
    let mut text = String::new();
    let found = match known {
        Some(known) => sentence(known),
        None if tried.iter().any(|tried| tried.connected) => {
            "accepts connections; what it speaks was not found out".to_owned()
        }
        None => "does not accept a connection".to_owned(),
    };
    let _ = writeln!(text, "{address} {found}");
    for (n, Tried { what, outcome, detail, .. }) in tried.iter().enumerate() {
        let _ = writeln!(text, "  {}. {what:<24} {outcome}: {detail}", n + 1);
    }
    if known.is_none() && !not_tried.is_empty() {
        let _ = writeln!(text, "not tried: {}", not_tried.join(", "));
    }
    if known.is_none() && !needs_key.is_empty() {
        let _ = writeln!(
            text,
            "not tried without the node's key: {} (ID@HOST:PORT, enode://ID@HOST:PORT)",
            needs_key.join(", ")
        );
    }
    text
}

fn sentence(known: &Known) -> String {
    let Some(protocol) = known.protocol else {
        return known.service.clone().unwrap_or_default();
    };
    let network = match &known.chains[..] {
        [] => String::new(),
        chains => format!(", {}", chains.join(" or ")),
    };
    let over = known.transport.map(|transport| format!(", over {transport}")).unwrap_or_default();
    let agent = known.agent.as_ref().map(|agent| format!(": {agent}")).unwrap_or_default();
    format!("speaks {protocol}{network}{over}{agent}")
}
