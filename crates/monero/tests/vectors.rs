//! The examples in the specification of portable storage: see `data/README.md`.
#![expect(clippy::unwrap_used, reason = "vectors are as they are published")]

mod common;

use serde_json::Value as Json;
use testing::hex;
use verack_monero::error::Malformed;
use verack_monero::storage::{SIGNATURE, Value, read, write, write_count};

fn file() -> Json {
    serde_json::from_str(include_str!("data/portable_storage.json")).unwrap()
}

#[test]
fn counts_are_written_and_read_as_the_description_says() {
    for row in file()["varints"].as_array().unwrap() {
        let (value, bytes) = (row[0].as_u64().unwrap(), hex(row[1].as_str().unwrap()));
        let mut written = Vec::new();
        write_count(value, &mut written);
        // The specification writes 7942319744 in eight bytes; and 17000 in four, as we do.
        assert_eq!(written, bytes, "{value}");
        // Used as the length of a string, which is truncated if it is long.
        let body = [&SIGNATURE[..], b"\x04\x01a\x0a", &bytes, &[7; 17_000]].concat();
        match usize::try_from(value).ok().filter(|len| *len <= 17_000) {
            Some(len) => assert_eq!(read(&body).unwrap().field("a").string(), Ok(Some(&[7; 17_000][..len]))),
            None => assert_eq!(read(&body), Err(Malformed::EndsIn("length of a string"))),
        }
    }
}

#[test]
fn the_document_of_the_description_is_read() {
    let document = &file()["document"];
    let body = hex(document["hex"].as_str().unwrap());
    let section = read(&body).unwrap();
    let json = &document["json"];
    for key in ["short_quote", "long_quote"] {
        assert_eq!(section.find(key), Some(Value::String(json[key].as_str().unwrap().as_bytes())));
    }
    assert_eq!(section.field("signed_32bit_int").number(), Ok(Some(20_140_418)));
    let bools: Vec<_> = section.field("array_of_bools").array().unwrap().unwrap().values().collect();
    assert_eq!(bools, [true, false, true, true].map(Value::Bool));
    let nested = section.field("nested_section").section().unwrap().unwrap();
    assert_eq!(nested.find("double"), Some(Value::Double(-6.9)));
    assert_eq!(nested.field("unsigned_64bit_int").number(), Ok(Some(11_111_111_111_111_111_111u64)));
    assert_eq!(section.entries().count(), 5);
}

#[test]
fn the_document_is_malformed_wherever_it_is_cut() {
    let body = hex(file()["document"]["hex"].as_str().unwrap());
    for len in 0..body.len() {
        assert!(read(&body[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn what_we_write_of_the_document_is_the_same() {
    let document = &file()["document"];
    let (json, body) = (&document["json"], hex(document["hex"].as_str().unwrap()));
    let mut written = Vec::new();
    write(&mut written, |section| {
        section.string("short_quote", json["short_quote"].as_str().unwrap().as_bytes());
        section.string("long_quote", json["long_quote"].as_str().unwrap().as_bytes());
    });
    // After the count of entries, as far as our body goes.
    assert_eq!(written[10..], body[10..written.len()]);
    assert_eq!(&file()["section_key_Howdy"], "05486f776479");
    let mut howdy = Vec::new();
    write(&mut howdy, |section| section.string("Howdy", b"Howdy"));
    let [key, value] = ["section_key_Howdy", "string_Howdy"].map(|name| hex(file()[name].as_str().unwrap()));
    assert_eq!(howdy[10..], [&key[..], &[0x0a], &value].concat());
}
