//! Where the database is, and the errors of unusable ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::Map;
use crate::common::{run, text, verack};

#[test]
fn a_database_that_is_not_there_is_not_made_by_asking() {
    let map = Map::empty();
    for args in ["", "--count-by version", "show 1.2.3.4", "export --as list"] {
        let output = map.peers(args);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""), "{args}");
        let said = text(&output.stderr);
        assert!(said.contains("there is no database yet: 'verack crawl' and 'verack peers import' make one"), "{said}");
        assert!(!map.path.exists());
    }
}

#[test]
fn the_database_is_in_the_users_data_folder() {
    let home = tempfile::tempdir().unwrap();
    let list = home.path().join("nodes.txt");
    fs::write(&list, "1.2.3.4\n").unwrap();
    let run = |variable: &str, value: &Path| {
        let mut command = verack(["peers", "import", list.to_str().unwrap()]);
        command.env("HOME", home.path()).env_remove("XDG_DATA_HOME").env(variable, value).output().unwrap()
    };
    assert_eq!(run("HOME", home.path()).status.code(), Some(0));
    let folder = home.path().join(".local/share/verack");
    assert!(folder.join("peers.sqlite").is_file());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(run("XDG_DATA_HOME", &home.path().join("data")).status.code(), Some(0));
    assert!(home.path().join("data/verack/peers.sqlite").is_file());
}

#[test]
fn a_database_that_cannot_be_used_is_said_in_one_line() {
    let map = Map::empty();
    let foreign = map.file("notes.txt", &b"shopping list\n".repeat(1000));
    let list = map.file("list.txt", b"1.2.3.4\n");
    let mut cases = vec![(foreign, "not a database of SQLite; name another file with --db")];
    cases.push((map.folder.path().to_str().unwrap().to_owned(), "cannot be opened: it is a directory"));
    for (path, why) in cases {
        for args in [&["peers", "--db", &path][..], &["peers", "import", "--db", &path, &list]] {
            let output = run(args.iter().copied());
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""));
            assert_eq!(text(&output.stderr), format!("error: {path}: {why}\n"));
        }
    }
}

#[test]
fn a_database_that_was_cut_or_is_of_a_later_release_is_said_and_left_alone() {
    let map = Map::of_a_crawl();
    let whole = fs::read(&map.path).unwrap();
    let mut newer = whole.clone();
    // The position of SQLite's `user_version`. (SQLite: fileformat2.html)
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let cut = whole[..whole.len() / 2].to_vec();
    let list = map.file("list.txt", b"4.4.4.4\n");
    for (file, why) in [(cut, ": damaged: "), (newer, ": made by a newer verack: its schema is 99, and ")] {
        fs::write(&map.path, &file).unwrap();
        for args in ["", "--count-by version", "show 1.2.3.4", "export --as list -c bitcoin", &format!("import {list}")]
        {
            let output = map.peers(args);
            assert_eq!(output.status.code(), Some(3), "{args}");
            let said = text(&output.stderr);
            assert!(said.starts_with(&format!("error: {}{why}", map.path.display())), "{args}: {said}");
            assert_eq!(fs::read(&map.path).unwrap(), file, "{args}");
        }
    }
}

/// The program without the capabilities that let root write without permission.
fn unprivileged(command: &Command) -> Command {
    let mut unprivileged = Command::new(command.get_program());
    if nix::unistd::geteuid().is_root() {
        unprivileged = Command::new("setpriv");
        unprivileged.args(["--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]).arg(command.get_program());
    }
    unprivileged.args(command.get_args());
    unprivileged
}

#[test]
fn a_database_in_a_folder_that_is_read_only_is_read() {
    let map = Map::of_a_crawl();
    let list = map.file("list.txt", b"4.4.4.4\n");
    let set = |mode| fs::set_permissions(map.folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    for file_mode in [0o644, 0o444] {
        fs::set_permissions(&map.path, fs::Permissions::from_mode(file_mode)).unwrap();
        set(0o555);
        let asked = unprivileged(&map.command("--count-by chain --format csv")).output().unwrap();
        let told = unprivileged(&map.command(&format!("import {list}"))).output().unwrap();
        let left: Vec<_> = fs::read_dir(map.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        set(0o755);
        assert_eq!(text(&asked.stderr), "");
        assert_eq!(text(&asked.stdout), "chain,peers\nbitcoin,6\nlitecoin,1\n");
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(told.status.code(), Some(3));
        let said = text(&told.stderr);
        assert!(said.ends_with("cannot be written to: the file or its directory is read-only\n"), "{said}");
    }
    assert_eq!(map.addresses("").len(), 7);
}
