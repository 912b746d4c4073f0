//! Parses the command line, and rejects arguments that would be ignored.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use probe::similar::similar;

use super::Cli;

impl Cli {
    /// The command line; otherwise this ends the program, with what is wrong with it.
    pub fn read() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        if let Some(misplaced) = misplaced(&command, &matches) {
            command.error(ErrorKind::ArgumentConflict, misplaced).exit();
        }
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
    }
}

impl Cli {
    /// The command that may have been meant by a word that was taken for a host: ` (did you mean 'verack crawl'?)`. Only a
    /// word without a dot is like one.
    pub fn suggest(word: &str) -> String {
        let command = Self::command();
        let names: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
        match similar(word, names).first() {
            Some(name) if !word.contains(['.', ':', '/', '@']) => format!(" (did you mean 'verack {name}'?)"),
            _ => String::new(),
        }
    }
}

/// What is wrong with an option before a subcommand that would not be looked at there. Those that every command takes
/// may be anywhere.
fn misplaced(command: &Command, matches: &ArgMatches) -> Option<String> {
    let (name, within) = matches.subcommand()?;
    let is_given = |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    if let Some(given) = command.get_arguments().filter(|arg| !arg.is_global_set()).find(is_given) {
        return Some(format!("'{given}' is not for '{name}'; what '{name}' takes goes behind its name"));
    }
    misplaced(command.find_subcommand(name)?, within)
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{CommandFactory, FromArgMatches};

    use super::{Cli, misplaced};
    use crate::args;

    /// The command line of these words, or what is wrong with it.
    fn read(line: &str) -> Result<Cli, String> {
        let mut command = Cli::command();
        let matches = command.try_get_matches_from_mut(line.split(' ')).map_err(|error| error.to_string())?;
        misplaced(&command, &matches).map_or_else(|| Ok(Cli::from_arg_matches(&matches).unwrap()), Err)
    }

    #[test]
    fn what_every_command_takes_may_be_before_its_name() {
        let names: Vec<_> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        for name in &names {
            let needed = match name.as_str() {
                "completions" => " bash",
                "addrs" | "identify" => " 1.2.3.4",
                "key" => " ours.key",
                "explain" => " ok",
                _ => "",
            };
            for line in [format!("verack --json -q {name}{needed}"), format!("verack {name}{needed} --json -q")] {
                let cli = read(&line).unwrap();
                assert!(cli.command.is_some() && cli.shake.targets.is_empty(), "{line}");
                assert_eq!((cli.global.format(), cli.global.quiet), (args::Format::Json, true), "{line}");
            }
        }
        assert!(names.contains(&"peers".to_owned()));
        let show = read("verack --json peers --db x show 1.2.3.4").unwrap();
        assert_eq!(show.global.format(), args::Format::Json);
    }

    #[test]
    fn an_option_that_would_be_ignored_is_refused() {
        for (line, option) in [
            ("verack -c litecoin peers", "'--chain <NAME>'"),
            ("verack --dns-seeds listen", "'--dns-seeds'"),
            ("verack peers --reachable export", "'--reachable'"),
        ] {
            let wrong = read(line).unwrap_err();
            assert!(wrong.starts_with(&format!("{option} is not for ")), "{wrong}");
        }
    }

    /// Each command, with the words that lead to it.
    fn commands(command: &clap::Command, words: &[String]) -> Vec<(Vec<String>, clap::Command)> {
        let mut all = vec![(words.to_vec(), command.clone())];
        for below in command.get_subcommands() {
            let words: Vec<_> = words.iter().cloned().chain([below.get_name().to_owned()]).collect();
            all.extend(commands(below, &words));
        }
        all
    }

    #[test]
    fn a_value_that_cannot_be_is_answered_in_a_sentence_that_names_the_option() {
        const MOST_WORDS: usize = 25;
        let mut refused = 0;
        for (words, command) in commands(&Cli::command(), &["verack".to_owned()]) {
            for arg in command.get_opts().filter(|arg| arg.get_action().takes_values()) {
                let option = format!("--{}", arg.get_long().unwrap());
                let words = words.iter().cloned().chain([format!("{option}=?")]);
                let Err(error) = Cli::command().try_get_matches_from(words) else { continue };
                if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
                    continue;
                }
                refused += 1;
                let said = error.to_string();
                let sentence = said.lines().next().unwrap().strip_prefix("error: ").unwrap();
                assert!(sentence.contains(&format!("'{option}")), "{said}");
                assert!(sentence.split_whitespace().count() <= MOST_WORDS, "{sentence}");
            }
        }
        assert!(refused > 50, "{refused}");
    }

    #[test]
    fn a_host_may_be_called_like_a_command() {
        for line in ["verack -- peers", "verack node.example peers"] {
            let cli = read(line).unwrap();
            assert!(cli.command.is_none() && cli.shake.targets.contains(&"peers".to_owned()), "{line}");
        }
    }
}
