//! The JSON Schema of an attempt's record, generated from the same tables as the record.

use serde_json::{Map, Value, json};

use crate::protocol::field::FieldKind;
use crate::protocol::{FieldAbout, Protocol, protocols};

/// The schema of a record of type `handshake` or `unfinished`. (JSON Schema, draft 2020-12)
///
/// Fields are added in later releases, so unknown ones are allowed.
pub fn handshake() -> Value {
    let peers: Map<_, _> =
        protocols().map(|protocol| (protocol.name().to_owned(), object(&protocol.fields()))).collect();
    let chosen: Vec<_> = protocols().map(|protocol| peer_of(protocol.name())).collect();
    let text = || json!({"type": "string"});
    let nullable = |kind: &str| json!({"type": [kind, "null"]});
    let names: Vec<_> = protocols().map(Protocol::name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An attempt to shake hands",
        "type": "object",
        "required": ["type", "started", "target", "outcome", "stage", "reason", "detail"],
        "properties": {
            "type": {"enum": ["handshake", "unfinished"]},
            "started": {"type": "string", "format": "date-time"},
            "target": text(),
            "targets": {"type": "array", "items": text()},
            "address": nullable("string"),
            "chain": nullable("string"),
            "protocol": {"enum": names},
            "role": {"enum": ["initiator", "responder"]},
            "transport": nullable("string"),
            "outcome": {"enum": ["ok", "partial", "failed", "unfinished"]},
            "stage": {"enum": ["resolve", "connect", "transport", "hello", "ack", "done"]},
            "reason": text(),
            "reason_number": nullable("integer"),
            "blame": {"enum": ["peer", "mismatch", "refused", "network", "local", null]},
            "detail": text(),
            "remarks": {
                "type": "array",
                "items": {"type": "object", "properties": {"code": text(), "detail": text()}},
            },
            "peer": {"type": ["object", "null"]},
            "timing_ms": {
                "type": "object",
                "additionalProperties": {"type": ["number", "null"], "minimum": 0},
            },
            "bytes": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
            "session_id": nullable("string"),
            "fallback_from": nullable("object"),
        },
        "allOf": chosen,
        "$defs": peers,
    })
}

/// The peer of a protocol, with its fields.
fn peer_of(protocol: &str) -> Value {
    json!({
        "if": {"properties": {"protocol": {"const": protocol}, "peer": {"type": "object"}}},
        "then": {"properties": {"peer": {"anyOf": [{"type": "null"}, {"$ref": format!("#/$defs/{protocol}")}]}}},
    })
}

/// An object with these fields. Any field may be `null`, if the peer did not say.
fn object(fields: &[FieldAbout]) -> Value {
    let property = |FieldAbout { name, kind, meaning, .. }: &FieldAbout| {
        let mut of = match kind {
            FieldKind::Text => json!({"type": ["string", "null"]}),
            FieldKind::Number => json!({"type": ["integer", "null"]}),
            FieldKind::Flag => json!({"type": ["boolean", "null"]}),
            FieldKind::Texts => json!({"type": ["array", "null"], "items": {"type": "string"}}),
            FieldKind::Numbers => json!({"type": ["array", "null"], "items": {"type": "integer"}}),
        };
        of["description"] = (*meaning).into();
        ((*name).to_owned(), of)
    };
    let properties: Map<_, _> = fields.iter().map(property).collect();
    // Fields of later releases are allowed elsewhere, but here every field must have a table entry.
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
