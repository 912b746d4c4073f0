//! A machine for one test: with its own network, and its own `/etc`.

use std::fs;
use std::process::Command;
use std::thread;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// The files in its `/etc`.
#[derive(Clone, Copy, Default)]
pub struct Etc<'e> {
    pub resolv_conf: Option<&'e str>,
    pub hosts: &'e str,
    pub nsswitch: &'e str,
}

/// Runs a test on a thread with its own network, which has only a loopback, and with an `/etc` of only these files.
/// Programs that the thread starts share both. Without the permission for this, prints a line and skips the test.
pub fn on_machine(etc: Etc<'_>, test: impl FnOnce() + Send) {
    if !nix::unistd::Uid::effective().is_root() {
        println!("left out: a machine of its own takes root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, content) in [("hosts", etc.hosts), ("nsswitch.conf", etc.nsswitch)] {
        fs::write(path.join(name), content).unwrap();
    }
    if let Some(content) = etc.resolv_conf {
        fs::write(path.join("resolv.conf"), content).unwrap();
    }
    // The dynamic linker needs it to find the program's libraries.
    let _ = fs::copy("/etc/ld.so.cache", path.join("ld.so.cache"));
    thread::scope(|scope| {
        let on_machine = scope.spawn(|| {
            if let Err(error) = unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS) {
                println!("left out: no namespaces: {error}");
                return;
            }
            let none = None::<&str>;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
            assert!(ip("link set lo up"));
            mount(Some(path), "/etc", none, MsFlags::MS_BIND, none).unwrap();
            test();
        });
        on_machine.join().unwrap();
    });
}

/// Runs `ip` with these arguments. Returns whether it succeeded.
pub fn ip(words: &str) -> bool {
    Command::new("ip").args(words.split(' ')).status().is_ok_and(|status| status.success())
}
