//! The targets of a command line: arguments, files with one target per line, and standard input.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use crate::args::values;
use crate::exit::Error;
use probe::target::{BadTarget, Target};

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A target, its port, and its time limit if there is one.
type Legacy<'w> = (&'w str, u16, Option<Duration>);

/// Parses `TARGET PORT [TIMEOUT_MS]` in bare numbers, as older tools accept it.
///
/// # Errors
/// If the arguments have this form, but the port or the time is invalid.
pub fn split_legacy(words: &[String]) -> Result<Option<Legacy<'_>>, Error> {
    let (target, port, timeout) = match words {
        [target, port] if is_number(port) => (target, port, None),
        [target, port, timeout] if is_number(port) && is_number(timeout) => (target, port, Some(timeout)),
        _ => return Ok(None),
    };
    if is_number(target) {
        return Ok(None);
    }
    let wrong =
        |word: &str, what: &str, expected| Error::Usage(format!("'{word}' is no {what} of {target}: {expected}"));
    let port = values::port(port).map_err(|expected| wrong(port, "port", expected))?;
    let milliseconds =
        |text: &String| values::time(&format!("{text}ms")).map_err(|expected| wrong(text, "time", expected));
    Ok(Some((target, port, timeout.map(milliseconds).transpose()?)))
}

/// Parses the targets of all arguments, including files and standard input.
pub fn read_all<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Vec<Target>, Error> {
    let mut targets = Vec::new();
    for word in words {
        match word {
            "-" => read_lines(unpacked(io::stdin().lock(), "standard input")?, "standard input", &mut targets)?,
            _ => match word.strip_prefix('@') {
                Some("") => return Err(Error::Usage("'@' names no file: expected @FILE, a list of targets".into())),
                Some(path) => {
                    let file =
                        fs::File::open(path).map_err(|error| Error::Usage(format!("cannot read {path}: {error}")))?;
                    read_lines(unpacked(BufReader::new(file), path)?, path, &mut targets)?;
                }
                None => {
                    let bad =
                        |error: BadTarget| Error::Usage(format!("'{}' is not a target: {error}", word.escape_debug()));
                    Target::read(word, &mut targets).map_err(bad)?;
                }
            },
        }
    }
    Ok(targets)
}

/// Unpacks gzip. Other packed formats are errors that name the format.
fn unpacked<'r>(input: impl BufRead + 'r, source: &str) -> Result<Box<dyn BufRead + 'r>, Error> {
    peers::unpack(Box::new(input)).map_err(|error| Error::Usage(format!("cannot read {source}: {error}")))
}

/// The target in a line, also in a YAML list (`- enr:...`) or a JSON array of texts (`"enode://...",`).
fn entry(line: &str) -> &str {
    let line = line.trim();
    let text = line.strip_prefix("- ").unwrap_or(line).trim_matches(['"', '\'', ',', ' ']);
    if ["[", "]", "---"].contains(&text) { "" } else { text }
}

/// Reads one target per line. Reports a bad line with its number, and accepts the others.
fn read_lines(mut lines: impl BufRead, source: &str, targets: &mut Vec<Target>) -> Result<(), Error> {
    /// A node record has at most 400 characters, a multiaddr with two peer ids fewer. (EIP-778)
    const MAX_LINE_LEN: u64 = 64 * 1024;
    /// How many characters of a bad line to show.
    const SHOWN: usize = 80;
    /// Bad lines to report singly. A file of another kind may have a million.
    const NAMED: u64 = 20;
    let before = targets.len();
    let mut bad = 0;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = lines.by_ref().take(MAX_LINE_LEN).read_until(b'\n', &mut line);
        match read.map_err(|error| Error::Usage(format!("cannot read {source}: {error}")))? {
            0 => break,
            read if read as u64 == MAX_LINE_LEN && !line.ends_with(b"\n") => {
                return Err(Error::Usage(format!("{source}, line {number}: longer than any target can be")));
            }
            _ => {}
        }
        let line = String::from_utf8_lossy(&line);
        // Some editors write a byte order mark at the start of a file.
        let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { &line };
        let text = entry(line.split('#').next().unwrap_or_default());
        if text.is_empty() {
            continue;
        }
        if let Err(error) = Target::read(text, targets) {
            bad += 1;
            if bad > NAMED {
                continue;
            }
            let cut = text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end]);
            let dots = if cut.len() < text.len() { "..." } else { "" };
            say!("warning: {source}, line {number}: '{}{dots}': {error}", cut.escape_debug());
        }
    }
    if bad > NAMED {
        say!("warning: {source}: and {} more lines that are no targets", bad - NAMED);
    }
    if targets.len() == before {
        let but = match bad {
            0 => String::new(),
            1 => ", but a line that is none".to_owned(),
            _ => format!(", but {bad} lines that are none"),
        };
        return Err(Error::Usage(format!("no target in {source}{but}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{read_lines, split_legacy};
    use probe::target::Kind;

    #[test]
    fn bare_numbers_behind_one_target_are_port_and_milliseconds() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let split = |words: &[String]| split_legacy(words).map(|legacy| legacy.map(|(_, port, time)| (port, time)));
        assert_eq!(split(&words("seed 8333 5000")).unwrap(), Some((8333, Some(Duration::from_secs(5)))));
        assert_eq!(split(&words("seed 8333")).unwrap(), Some((8333, None)));
        for other in ["seed", "a b", "a 8333 b", "8333 8333", "a 1 2 3"] {
            assert_eq!(split(&words(other)).unwrap(), None, "{other}");
        }
        for (wrong, word) in
            [("a 70000", "'70000' is no port of a"), ("a 0", "'0' is no port"), ("a 1 0", "'0' is no time")]
        {
            assert!(split(&words(wrong)).unwrap_err().text().starts_with(word), "{wrong}");
        }
    }

    #[test]
    fn a_bad_line_does_not_lose_the_others() {
        let mut targets = Vec::new();
        read_lines(&b"# seeds\n\n1.2.3.4 # mine\n!!\n\xff\nnode.example\r\n"[..], "list", &mut targets).unwrap();
        assert_eq!(targets.len(), 2);
        assert!(read_lines(&b"!!\n"[..], "list", &mut targets).is_err());
    }

    #[test]
    fn a_list_is_read_as_other_programs_write_it() {
        let address = |nth: u8| Kind::Address(std::net::IpAddr::from([1, 2, 3, nth]).into(), Some(1));
        for list in [
            "[\n  \"1.2.3.1:1\",\n  \"1.2.3.2:1\"\n]\n",
            "---\n- 1.2.3.1:1\n- \"1.2.3.2:1\"\n",
            "\u{feff}1.2.3.1:1\r\n1.2.3.2:1",
        ] {
            let mut targets = Vec::new();
            read_lines(list.as_bytes(), "list", &mut targets).unwrap();
            let kinds: Vec<_> = targets.into_iter().map(|target| target.kind).collect();
            assert_eq!(kinds, [address(1), address(2)], "{list}");
        }
    }
}
