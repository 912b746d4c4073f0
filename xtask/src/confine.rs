//! Confines real nodes: a network namespace with only loopback.

use std::process::Command;

use crate::run::succeeds;

/// `unshare` with its options for a namespace: as root, or as a user mapped to root in it. Processes get their own
/// namespace as well, so that no node outlives its test.
const WAYS: &[&[&str]] = &[
    &["--net", "--pid", "--fork", "--kill-child"],
    &["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"],
];

/// Brings loopback up, then runs the following command.
const LOOPBACK_UP: &str = "ip link set lo up && exec \"$@\"";

/// The way in which this machine confines a program, if it can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confinement(Option<&'static [&'static str]>);

impl Confinement {
    /// Finds a way that works here. Without one, flags confine most nodes, and the others are left out.
    pub(crate) fn find() -> Self {
        let works = |way: &&&[&str]| succeeds(unshare(way).arg("true"));
        let way = WAYS.iter().find(works);
        if way.is_none() {
            println!("   no network namespace can be made here (unshare and ip, as root or with user namespaces)");
        }
        Self(way.copied())
    }

    /// The command, confined if that is possible.
    pub(crate) fn apply(self, command: &Command) -> Command {
        let mut confined = match self.0 {
            Some(way) => {
                let mut confined = unshare(way);
                confined.arg(command.get_program());
                confined
            }
            None => Command::new(command.get_program()),
        };
        confined.args(command.get_args());
        if let Some(directory) = command.get_current_dir() {
            confined.current_dir(directory);
        }
        confined
    }
}

fn unshare(way: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(way).args(["sh", "-c", LOOPBACK_UP, "sh"]);
    unshare
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Confinement;

    #[test]
    fn a_confined_command_keeps_its_arguments_and_its_directory() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo \"$1 in $(pwd)\"", "sh", "two words"]);
        let output = Confinement::find().apply(command.current_dir("/")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "two words in /\n");
    }
}
