//! Which options the user gave, and to which protocols they mean something. One that means nothing to any protocol of a
//! run is refused.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::ProtocolName;
use super::ProtocolName::{Bitcoin, Ethereum, Libp2p, Lightning, Monero};
use crate::exit::Error;

/// The protocols that an option means something to.
type Meaning = &'static [ProtocolName];

/// Each of them.
const EVERY: Meaning = &[Bitcoin, Ethereum, Lightning, Libp2p, Monero];

/// What all options of a struct mean something to. clap has a group for each struct of options, with its name, so a new
/// option belongs to where it is declared.
const STRUCTS: [(&str, Meaning); 8] = [
    ("BitcoinOptions", &[Bitcoin]),
    ("EthereumOptions", &[Ethereum]),
    ("LightningOptions", &[Lightning]),
    ("MoneroOptions", &[Monero]),
    ("Bounds", EVERY),
    ("Keeping", EVERY),
    ("Dialling", EVERY),
    ("Asking", EVERY),
];

/// What the others mean something to: those of structs that hold other structs, whose groups clap leaves empty.
const OPTIONS: [(&str, Meaning); 26] = [
    // Introduction
    ("chain", EVERY),
    ("user_agent", &[Bitcoin, Ethereum, Libp2p]),
    ("contact", &[Bitcoin, Ethereum, Libp2p]),
    ("start_height", &[Bitcoin, Ethereum, Monero]),
    ("key", &[Ethereum, Lightning, Libp2p]),
    // Shake
    ("targets", EVERY),
    ("dns_seeds", EVERY),
    ("receiving_services", &[Bitcoin]),
    ("require", EVERY),
    ("plan", EVERY),
    // Listen
    ("addresses", EVERY),
    ("protocol", EVERY),
    ("once", EVERY),
    ("count", EVERY),
    ("per_address", EVERY),
    ("per_address_rate", EVERY),
    // Crawl
    ("seed_nodes", EVERY),
    ("no_dns_seeds", EVERY),
    ("again", EVERY),
    ("watch", EVERY),
    ("max_peers", EVERY),
    ("max_known", EVERY),
    ("within", EVERY),
    ("retries", EVERY),
    // Addrs, Whoami
    ("target", EVERY),
    ("peers", EVERY),
];

/// The options that the user gave and that do not mean something to every protocol, as they are written, each with the
/// protocols that know it.
#[derive(Clone, Debug, Default)]
pub struct Given(Vec<(String, &'static [ProtocolName])>);

impl Given {
    /// Of what was given to a command.
    pub(super) fn to(command: &Command, matches: &ArgMatches) -> Self {
        let is_given = |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let given = command.get_arguments().filter(is_given);
        let meaning = given.filter_map(|arg| Some((written(arg), meaning(command, arg)?)));
        Self(meaning.filter(|(_, protocols)| protocols.len() < EVERY.len()).collect())
    }

    /// Refuses an option that means nothing to any of these protocols, which are spoken in a run.
    ///
    /// # Errors
    /// If there is one: wrong usage.
    pub fn check(&self, spoken: &[ProtocolName]) -> Result<(), Error> {
        let Self(given) = self;
        match given.iter().find(|(_, known)| !known.iter().any(|protocol| spoken.contains(protocol))) {
            None => Ok(()),
            Some((option, known)) => Err(Error::Usage(format!(
                "'{option}' means nothing in {}; it is an option of {}",
                list(spoken),
                list(known)
            ))),
        }
    }
}

/// The protocols to which an option of this command means something; `None` if nothing is declared about it.
fn meaning(command: &Command, arg: &Arg) -> Option<Meaning> {
    if arg.is_global_set() {
        return Some(EVERY);
    }
    let id = arg.get_id();
    let own = OPTIONS.iter().find(|(name, _)| id == name);
    let of_struct = || {
        let groups = command.get_groups().filter(|group| group.get_args().any(|member| member == id));
        groups.filter_map(|group| STRUCTS.iter().find(|(name, _)| group.get_id() == name)).next()
    };
    own.or_else(of_struct).map(|(_, meaning)| *meaning)
}

/// `--garbage`
fn written(arg: &Arg) -> String {
    match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => arg.get_id().to_string(),
    }
}

/// `bitcoin, ethereum and libp2p`
fn list(protocols: &[ProtocolName]) -> String {
    let names: Vec<_> = protocols.iter().map(|protocol| protocol.name()).collect();
    match &names[..] {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Command, CommandFactory};

    use super::super::Cli;
    use super::{OPTIONS, STRUCTS, meaning};

    /// The commands that shake hands: without a name, and those with one.
    fn commands() -> Vec<Command> {
        let mut root = Cli::command();
        root.build();
        let named = root
            .get_subcommands()
            .filter(|command| ["listen", "crawl", "addrs", "whoami"].contains(&command.get_name()));
        let mut commands: Vec<_> = named.cloned().collect();
        assert_eq!(commands.len(), 4);
        commands.push(root);
        commands
    }

    #[test]
    fn each_option_is_declared_to_mean_something_to_some_protocols_or_to_all() {
        for command in commands() {
            for arg in command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())) {
                let is_declared = meaning(&command, arg).is_some();
                assert!(is_declared, "'{}' of '{}' is not", arg.get_id(), command.get_name());
            }
        }
    }

    #[test]
    fn no_declaration_is_left_over() {
        let commands = commands();
        let groups: BTreeSet<_> = commands.iter().flat_map(Command::get_groups).map(|g| g.get_id().as_str()).collect();
        let options: BTreeSet<_> =
            commands.iter().flat_map(Command::get_arguments).map(|a| a.get_id().as_str()).collect();
        for (name, _) in STRUCTS {
            assert!(groups.contains(name), "{name}");
        }
        for (name, _) in OPTIONS {
            assert!(options.contains(name), "{name}");
        }
    }
}
