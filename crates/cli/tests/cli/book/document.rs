//! The commands of a document, and what it shows of their output.

use std::fs;
use std::path::Path;

use crate::readme::repository;

/// A command as a document shows it.
#[derive(Debug)]
pub struct Example {
    /// The command line, without its comment.
    pub line: String,
    /// The lines that it prints; `...` stands for any lines.
    pub prints: Vec<String>,
}

impl Example {
    fn new(line: impl AsRef<str>) -> Self {
        let line = line.as_ref();
        let line = line.split_once(" # ").map_or(line, |(line, _)| line);
        Self { line: line.trim().to_owned(), prints: Vec::new() }
    }

    /// The exit code that follows from what the document shows.
    pub fn code(&self) -> i32 {
        let shows = |start: &str| self.prints.iter().any(|line| line.starts_with(start));
        match () {
            () if shows("error: ") => 2,
            () if shows("FAILED") && !shows("OK") => 1,
            () => 0,
        }
    }
}

/// Commands that run one after the other in one folder.
pub type Block = Vec<Example>;

/// A document by its path or command, and its commands.
pub type Document = (String, Vec<Block>);

/// README.md, the pages of the book and the READMEs of the crates.
pub fn markdown() -> Vec<Document> {
    let below = |folder: &str| {
        let entries = fs::read_dir(repository().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    };
    let pages = below("docs/src").into_iter().filter(|path| Path::new(path).extension().is_some_and(|it| it == "md"));
    let crates = below("crates").into_iter().map(|folder| format!("{folder}/README.md"));
    let paths = ["README.md".to_owned()].into_iter().chain(pages).chain(crates);
    let read = |path: String| {
        let text = fs::read_to_string(repository().join(&path)).unwrap();
        let blocks = blocks_of_markdown(&text);
        (path, blocks)
    };
    paths.map(read).filter(|(_, blocks)| !blocks.is_empty()).collect()
}

/// The blocks of a console, the questions in SQL, and the commands in backticks elsewhere, each of which is a block of its own.
fn blocks_of_markdown(text: &str) -> Vec<Block> {
    let mut blocks = Vec::<Block>::new();
    for lines in text.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        let mut block = Block::new();
        for line in lines.lines() {
            match (line.strip_prefix("$ "), block.last_mut()) {
                (Some(command), _) => block.push(Example::new(command)),
                (None, Some(example)) => example.prints.push(line.to_owned()),
                (None, None) => panic!("no command comes before {line}"),
            }
        }
        blocks.push(block);
    }
    for sql in text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        blocks.push(vec![Example::new(format!("sqlite3 crawl.sqlite \"\n{sql}\""))]);
    }
    for span in spans(text).iter().filter(|span| span.starts_with("verack ") && has_arguments(span)).map(Example::new) {
        // Once is enough.
        if !blocks.iter().flatten().any(|example| example.line == span.line) {
            blocks.push(vec![span]);
        }
    }
    for block in &mut blocks {
        block.retain(|example| is_ours(&example.line));
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// What stands in backticks outside of blocks.
pub fn spans(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

/// Whether a command line is more than the name of a command.
pub fn has_arguments(line: &str) -> bool {
    line.bytes().any(|byte| !byte.is_ascii_lowercase() && byte != b' ')
}

/// Whether a command is not one of those that build programs, or that start and ask real nodes: `cargo xtask test` does.
fn is_ours(line: &str) -> bool {
    const OTHERS: [&str; 4] = ["cargo", "litecoind", "litecoin-cli", "monerod"];
    let program = line.split(' ').next().unwrap();
    assert!(OTHERS.contains(&program) || ["verack", "sqlite3"].contains(&program), "what is {program}?");
    !OTHERS.contains(&program)
}

/// The examples in a long help, in which two spaces come before a comment.
pub fn blocks_of_help(help: &str) -> Vec<Block> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| !line.is_empty());
    let commands = lines.map(|line| line.trim().split("  ").next().unwrap());
    commands.map(|command| vec![Example::new(command)]).collect()
}

/// Of a time such as `1day 3h`.
const UNITS: [&str; 9] = ["s", "m", "h", "day", "days", "month", "months", "year", "years"];

/// A line of output without what differs from run to run: numbers, times, addresses, versions, keys, names of programs.
pub fn shape(line: &str) -> String {
    let mut words = Vec::<String>::new();
    for word in without_user_agents(line).split_whitespace().map(shape_of_word) {
        // "2h 4m ago" is "1day ago" on another day.
        let is_time = |word: &str| UNITS.iter().any(|unit| word.strip_prefix('#') == Some(unit));
        if !(is_time(&word) && words.last().is_some_and(|before| is_time(before))) {
            words.push(if is_time(&word) { "#s".to_owned() } else { word });
        }
    }
    // What a document cuts short is a value.
    words.join(" ").replace("#...", "#")
}

/// The line with `/.../` for each `/Satoshi:27.0.0(of a user)/`.
fn without_user_agents(line: &str) -> String {
    let mut rest = line;
    let mut shaped = String::new();
    while let Some(start) = rest.find([' ', '|']).filter(|start| rest.len() > start + 1) {
        let (before, from) = rest.split_at(start + 1);
        shaped.push_str(before);
        rest = from;
        let is_end = |(at, _): &(usize, &str)| from[at + 1..].is_empty() || from[at + 1..].starts_with([' ', ',', '|']);
        if let Some((end, _)) = from.match_indices('/').skip(1).find(is_end).filter(|_| from.starts_with('/')) {
            shaped.push_str("/.../");
            rest = &from[end + 1..];
        }
    }
    shaped + rest
}

/// `#` for `null`, for each number, and for each text of at least eight hex digits or in base 58.
fn shape_of_word(word: &str) -> String {
    if word == "null" {
        return "#".to_owned();
    }
    let mut shaped = String::new();
    for part in word.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let (name, end) = match part.strip_suffix(|c: char| !c.is_ascii_alphanumeric()) {
            Some(name) => (name, &part[name.len()..]),
            None => (part, ""),
        };
        let is_key = name.starts_with("12D3Koo") || name.len() >= 8 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let mut is_digit = false;
        for c in name.chars() {
            if is_key || c.is_ascii_digit() {
                if !is_digit {
                    shaped.push('#');
                }
                is_digit = true;
            } else {
                shaped.push(c);
                is_digit = false;
            }
        }
        shaped.push_str(end);
    }
    // 3.4, 127.0.0.1:8333, 2026-11-30, 18:02:12
    for between in ["#.#", "#:#", "#-#", "#,#"] {
        while shaped.contains(between) {
            shaped = shaped.replace(between, "#");
        }
    }
    shaped
}

#[test]
fn lines_of_one_shape_differ_in_numbers_alone() {
    for (one, other) in [
        ("OK 127.0.0.1:8333  v1 /a:1.0(b c)/, version 7, 2.0 ms", "OK  [80.1.2.3:1]  v1 /d/, version 70, 13 ms"),
        ("first seen 2026-11-20 11:13:20 UTC, 1day 3h ago", "first seen 2023-01-02 01:02:03 UTC, 2months 4m 1s ago"),
        ("nonce c3a71228d43689eb", "nonce 0000000012345678"),
    ] {
        assert_eq!(shape(one), shape(&other.replace(['[', ']'], "")), "{one}");
    }
    for (one, other) in [("v1 a 3 B", "a 3 B"), ("ended by us", "ended by peer"), ("version 3", "versions 3")] {
        assert_ne!(shape(one), shape(other));
    }
}
