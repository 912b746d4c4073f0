//! Lists the reason codes, and explains some.

use std::io::{self, Write};

use handshake::{Blame, Reason, ReasonKind};
use probe::reasons;
use probe::similar::suggestion;
use probe::stamp::Stamp;
use serde::Serialize;

use super::printed;
use crate::args::{Explain, Format, Global, Reasons};
use crate::exit::{Error, Exit};

/// A reason code. The JSON form is stable: fields are added, never renamed.
#[derive(Serialize)]
#[serde(tag = "type", rename = "reason")]
struct Row {
    started: Stamp,
    code: &'static str,
    kind: &'static str,
    blame: Option<&'static str>,
    meaning: &'static str,
}

impl Row {
    fn of(reason: &Reason, started: Stamp) -> Self {
        let kind = match reason.kind {
            ReasonKind::Ok => "ok",
            ReasonKind::Ended(_) => "end",
            ReasonKind::Remark => "remark",
        };
        let blame = reason.blame().map(Blame::name);
        Self { started, code: reason.code, kind, blame, meaning: reason.meaning }
    }
}

/// Lists them.
pub fn run(args: &Reasons, global: &Global) -> Result<Exit, Error> {
    let begins = |reason: &&Reason| args.prefix.as_deref().is_none_or(|prefix| reason.code.starts_with(prefix));
    let chosen: Vec<_> = reasons::all().filter(begins).copied().collect();
    if let (Some(prefix), []) = (&args.prefix, &chosen[..]) {
        return Err(unknown(prefix));
    }
    printed(write(&mut io::stdout().lock(), &chosen, global, |out, reason| {
        let blame = reason.blame().map_or("", Blame::name);
        writeln!(out, "{:<38} {blame:<9} {}", reason.code, reason.meaning)
    }))
}

/// Explains some.
pub fn explain(args: &Explain, global: &Global) -> Result<Exit, Error> {
    let named = |code: &String| reasons::named(code).copied().ok_or_else(|| unknown(code));
    let chosen = args.codes.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    printed(write(&mut io::stdout().lock(), &chosen, global, |out, reason| {
        writeln!(out, "{}", reason.code)?;
        writeln!(out, "  {}", reason.meaning)?;
        match reason.kind {
            ReasonKind::Ok => Ok(()),
            ReasonKind::Ended(blame) => writeln!(out, "  blame: {}, {}", blame.name(), blame.meaning()),
            ReasonKind::Remark => writeln!(out, "  a remark: nothing failed for it"),
        }
    }))
}

fn unknown(code: &str) -> Error {
    let codes: Vec<_> = reasons::all().map(|reason| reason.code).collect();
    let shown = code.escape_debug();
    Error::Usage(format!("there is no reason code '{shown}'; 'verack reasons' lists them{}", suggestion(code, codes)))
}

fn write<W: Write>(
    out: &mut W,
    reasons: &[Reason],
    global: &Global,
    write_human: impl Fn(&mut W, &Reason) -> io::Result<()>,
) -> io::Result<()> {
    let started = Stamp::now();
    let mut rows = reasons.iter().map(|reason| Row::of(reason, started));
    match global.format() {
        Format::Human => reasons.iter().try_for_each(|reason| write_human(out, reason)),
        Format::Json => rows.try_for_each(|row| {
            serde_json::to_writer(&mut *out, &row)?;
            writeln!(out)
        }),
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record(["code", "kind", "blame", "meaning", "started"])?;
            for Row { started, code, kind, blame, meaning } in rows {
                writer.write_record([code, kind, blame.unwrap_or_default(), meaning, &started.to_string()])?;
            }
            writer.flush()
        }
    }
}
