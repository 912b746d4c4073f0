//! The summary of a crawl, for people.

use std::fmt::Write as _;

use crawl::{Ranked, Summary};

/// The whole summary; `stored` says where it is stored, and how to continue.
pub fn summary(of: &Summary, stored: &str) -> String {
    let mut text = String::new();
    section(&mut text, "By reason", &of.reasons, usize::MAX);
    if of.reachable > 0 {
        text += "\nOf those reached:\n";
        for (name, counts) in [
            ("user agents", &of.user_agents),
            ("protocol versions", &of.versions),
            ("services", &of.services),
            ("networks", &of.networks),
            ("transports", &of.transports),
        ] {
            section(&mut text, name, counts, SHOWN);
        }
    }
    let Summary { told, answers, useless, known_networks, .. } = of;
    let useless = match &*joined(useless) {
        "" => String::new(),
        parts => format!(", of no use: {parts}"),
    };
    let known = match joined(known_networks) {
        none if none.is_empty() => "none".to_owned(),
        networks => networks,
    };
    let _ = writeln!(text, "\n{answers} peers told {told} addresses{useless}; known are {known}.");
    let _ = writeln!(text, "{}", last_line(of, stored));
    text
}

/// Only the last line.
pub fn last_line(of: &Summary, stored: &str) -> String {
    let Summary { chain, known, ended, not_tried, elapsed_ms, .. } = of;
    let seconds = elapsed_ms / 1000.0;
    let line = format!("{chain}: {}, {known} known, in {seconds:.1} s", reached(of));
    let cut_short = |how| match not_tried {
        0 => format!("{how} {line}; {stored}"),
        _ => format!("{how} {line}; {not_tried} not tried; {stored}"),
    };
    match *ended {
        "interrupted" => cut_short("Interrupted!"),
        "time" => cut_short("Its time is over!"),
        "store" => format!("Stopped! {line}; the database takes no more"),
        _ => format!("Finished! {line}"),
    }
}

/// How many peers were reached, and by which run.
fn reached(of: &Summary) -> String {
    let Summary { tried, reachable, resumed, resumed_reachable, .. } = of;
    let now = || format!("{} reachable of {} tried", reachable - resumed_reachable, tried - resumed);
    match resumed {
        0 => now(),
        _ if resumed == tried => {
            format!(
                "none tried; of {resumed} whose last result is too young to be asked again, {resumed_reachable} were reachable"
            )
        }
        _ => format!("{}, and {resumed_reachable} of {resumed} in an earlier run", now()),
    }
}

/// `3 with port 0, 1 without an address`
fn joined(counts: &Ranked) -> String {
    let parts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    parts.join(", ")
}

/// How many of each are shown, the most frequent first; JSON has all.
const SHOWN: usize = 10;

fn section(text: &mut String, title: &str, counts: &Ranked, most: usize) {
    if counts.iter().next().is_none() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for (name, count) in counts.iter().take(most) {
        let _ = writeln!(text, "{count:>8}  {name}");
    }
    let rest = counts.iter().skip(most).map(|(_, count)| *count);
    let (others, sum) = rest.fold((0, 0), |(others, sum), count| (others + 1, sum + count));
    if others > 0 {
        let _ = writeln!(text, "{sum:>8}  in {others} others");
    }
}
