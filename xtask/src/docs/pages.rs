//! The generated pages: from what the program prints to Markdown.

use std::fmt::Write as _;

use serde_json::Value;

use crate::run::Outcome;

/// The reason codes, a table for each family: what stands before the dot. `lines` is what `verack reasons --json` prints.
///
/// # Errors
/// If a line is no JSON, or there is no reason code at all.
pub(super) fn reasons(lines: &str) -> Outcome<String> {
    let mut families: Vec<(&str, String)> = Vec::new();
    let rows: Vec<Value> = lines.lines().map(json).collect::<Outcome<_>>()?;
    for row in &rows {
        let (code, kind, meaning) = (text(row, "code")?, text(row, "kind")?, text(row, "meaning")?);
        let family = code.split_once('.').map_or("", |(family, _)| family);
        let blame = row["blame"].as_str().unwrap_or(if kind == "remark" { "(remark)" } else { "" });
        let row = format!("| `{code}` | {blame} | {} |\n", cell(meaning));
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, rows)) => rows.push_str(&row),
            None => families.push((family, row)),
        }
    }
    if families.is_empty() {
        return Err("the program lists no reason codes".to_owned());
    }
    let mut page = String::new();
    for (family, rows) in families {
        let title = if family.is_empty() { "Common to all" } else { family };
        write!(page, "## {title}\n\n| code | blame | what happened |\n|---|---|---|\n{rows}\n")
            .expect("a string takes it");
    }
    Ok(page)
}

/// The full help of the program and of each command that its help lists. `ask` runs the program with these words.
///
/// # Errors
/// If the program cannot be asked, or lists no commands.
pub(super) fn commands(ask: impl Fn(&str) -> Outcome<String>) -> Outcome<String> {
    let mut page = String::new();
    let mut waiting = vec![String::new()];
    while let Some(command) = waiting.pop() {
        let help = ask(&format!("{command} --help"))?;
        let inner = listed(&help).map(|name| format!("{command} {name}").trim_start().to_owned());
        let at = waiting.len();
        waiting.extend(inner);
        waiting[at..].reverse();
        let name = format!("verack {command}");
        write!(page, "## {}\n\n{}\n", name.trim_end(), fenced("text", &help)).expect("a string takes it");
    }
    if page.matches("\n## ").count() == 0 {
        return Err("the help lists no commands".to_owned());
    }
    Ok(page)
}

/// The commands that a help lists, without `help` itself.
fn listed(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

/// The fields of each protocol's `peer`: a table for each of the definitions in the schema.
///
/// # Errors
/// If it is no schema with definitions of objects.
pub(super) fn fields(schema: &str) -> Outcome<String> {
    let schema = json(schema)?;
    let protocols = schema["$defs"].as_object().ok_or("the schema has no $defs")?;
    let mut page = String::new();
    for (protocol, definition) in protocols {
        write!(page, "### {protocol}\n\n| field | type | meaning |\n|---|---|---|\n").expect("a string takes it");
        let fields = definition["properties"].as_object().ok_or_else(|| format!("{protocol} has no properties"))?;
        for (name, field) in fields {
            let kind = kind(field).ok_or_else(|| format!("{name} of {protocol} has a type without a name here"))?;
            writeln!(page, "| `{name}` | {kind} | {} |", cell(text(field, "description")?)).expect("a string takes it");
        }
        page.push('\n');
    }
    Ok(page)
}

/// The name of a field's type. Every field may be `null`, which the page says once.
fn kind(field: &Value) -> Option<&'static str> {
    let kind = |of: &Value| match of.as_array() {
        Some(either) => either.iter().find_map(|kind| kind.as_str().filter(|kind| *kind != "null")).map(str::to_owned),
        None => of.as_str().map(str::to_owned),
    };
    match (kind(&field["type"])?.as_str(), kind(&field["items"]["type"]).as_deref()) {
        ("string", _) => Some("text"),
        ("integer", _) => Some("number"),
        ("boolean", _) => Some("true or false"),
        ("array", Some("string")) => Some("list of texts"),
        ("array", Some("integer")) => Some("list of numbers"),
        _ => None,
    }
}

/// A block of code.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let trimmed: Vec<_> = text.lines().map(str::trim_end).collect();
    format!("```{language}\n{}\n```\n", trimmed.join("\n").trim_end())
}

/// A text as the cell of a table: no bar ends it, and outside of code no tag begins in it.
fn cell(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let escaped = parts.map(|(nth, part)| {
        let is_code = nth % 2 == 1;
        let part = part.replace('|', "\\|");
        if is_code { part } else { part.replace('<', "&lt;") }
    });
    escaped.collect::<Vec<_>>().join("`")
}

fn json(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|error| format!("the program prints no JSON where it should: {error}: {text}"))
}

fn text<'v>(value: &'v Value, field: &str) -> Outcome<&'v str> {
    value[field].as_str().ok_or_else(|| format!("there is no {field} in {value}"))
}

#[cfg(test)]
mod tests {
    use super::{cell, commands, fenced, fields, reasons};

    #[test]
    fn reasons_are_grouped_by_what_stands_before_the_dot() {
        let lines = [
            r#"{"type":"reason","code":"ok","kind":"ok","blame":null,"meaning":"fine"}"#,
            r#"{"type":"reason","code":"toy.zero","kind":"end","blame":"peer","meaning":"it said `0|1`"}"#,
            r#"{"type":"reason","code":"timeout","kind":"end","blame":"network","meaning":"nothing came"}"#,
            r#"{"type":"reason","code":"toy.odd","kind":"remark","blame":null,"meaning":"odd"}"#,
        ];
        let expected = "\
            ## Common to all\n\n| code | blame | what happened |\n|---|---|---|\n\
            | `ok` |  | fine |\n| `timeout` | network | nothing came |\n\n\
            ## toy\n\n| code | blame | what happened |\n|---|---|---|\n\
            | `toy.zero` | peer | it said `0\\|1` |\n| `toy.odd` | (remark) | odd |\n\n";
        assert_eq!(reasons(&lines.join("\n")).unwrap(), expected);
        assert!(reasons("").is_err());
        assert!(reasons("no JSON").is_err());
    }

    #[test]
    fn each_command_has_its_help_those_within_a_command_behind_it() {
        let ask = |words: &str| {
            Ok(match words.trim() {
                "--help" => "Shakes\n\nCommands:\n  peers  List\n  man    Print\n  help   Print this\n\nOptions:\n",
                "peers --help" => "Lists\n\nCommands:\n  show  Show\n",
                "peers show --help" => "Shows\n",
                "man --help" => "Prints  \n",
                other => return Err(format!("'{other}' is asked for")),
            }
            .to_owned())
        };
        let page = commands(ask).unwrap();
        let titles: Vec<_> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(titles, ["## verack", "## verack peers", "## verack peers show", "## verack man"]);
        assert!(page.ends_with("## verack man\n\n```text\nPrints\n```\n\n"), "{page}");
        assert!(commands(|_| Ok("no commands".to_owned())).is_err());
    }

    #[test]
    fn fields_are_listed_with_their_types_and_an_unknown_type_is_an_error() {
        let of = |field: &str| fields(&format!(r#"{{"$defs":{{"toy":{{"properties":{{"byte":{field}}}}}}}}}"#));
        let page = of(r#"{"type":["integer","null"],"description":"what it said"}"#).unwrap();
        let expected = "### toy\n\n| field | type | meaning |\n|---|---|---|\n| `byte` | number | what it said |\n\n";
        assert_eq!(page, expected);
        let list = r#"{"type":["array","null"],"items":{"type":"string"},"description":"all"}"#;
        assert!(of(list).unwrap().contains("| list of texts |"));
        assert!(of(r#"{"type":["object","null"],"description":"what is that?"}"#).is_err());
        assert!(fields("{}").is_err());
    }

    #[test]
    fn a_cell_ends_where_it_should() {
        assert_eq!(cell("a|b <c> `<d>|`"), "a\\|b &lt;c> `<d>\\|`");
        assert_eq!(fenced("json", "{\n  \n}\n"), "```json\n{\n\n}\n```\n");
    }
}
