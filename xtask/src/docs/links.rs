//! Checks that the links of the book lead somewhere: mdBook does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::run::Outcome;

/// Pages that mdBook makes of others, with links that are relative to those.
const DERIVED: [&str; 3] = ["404.html", "print.html", "toc.html"];

/// Checks every link between the files of a book. How many there are.
///
/// # Errors
/// Each link that leads nowhere, with its page; or what cannot be read.
pub(super) fn check(book: &Path) -> Outcome<usize> {
    let mut pages = BTreeMap::new();
    read(book, book, &mut pages)?;
    let (count, broken) = broken(&pages, |path| book.join(path).is_file());
    if broken.is_empty() { Ok(count) } else { Err(format!("links that lead nowhere:\n  {}", broken.join("\n  "))) }
}

/// Reads all pages below a folder, by their paths in the book.
fn read(book: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Outcome {
    let cannot = |path: &Path, error| format!("cannot read {}: {error}", path.display());
    for entry in fs::read_dir(folder).map_err(|error| cannot(folder, error))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            read(book, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(&path).map_err(|error| cannot(&path, error))?;
            pages.insert(path.strip_prefix(book).unwrap_or(&path).to_owned(), text);
        }
    }
    Ok(())
}

/// How many links there are between files of the book, and those that lead nowhere.
fn broken(pages: &BTreeMap<PathBuf, String>, exists: impl Fn(&Path) -> bool) -> (usize, Vec<String>) {
    let mut count = 0;
    let mut broken = Vec::new();
    for (page, text) in pages.iter().filter(|(page, _)| !DERIVED.iter().any(|name| page.ends_with(name))) {
        let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links.filter(|link| !link.is_empty() && !is_elsewhere(link)) {
            count += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { page.clone() } else { joined(page, file) };
            let leads_somewhere = match pages.get(&to) {
                Some(text) => anchor.is_empty() || text.contains(&format!("id=\"{anchor}\"")),
                None => exists(&to),
            };
            if !leads_somewhere {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    (count, broken)
}

/// Whether a link has a scheme: `https:`, `mailto:`, `data:`.
fn is_elsewhere(link: &str) -> bool {
    link.split_once(':').is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Where a relative link of a page leads.
fn joined(page: &Path, file: &str) -> PathBuf {
    let mut to = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(to.pop()),
            Component::Normal(name) => to.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    to
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::broken;

    #[test]
    fn a_link_needs_its_page_and_its_heading() {
        let pages = [
            (
                "index.html",
                r##"<a href="in/a.html#top">a</a> <a href="style.css"></a> <a href="https://x.example/no">"##,
            ),
            ("in/a.html", r##"<h2 id="top"></h2> <a href="#top"></a> <a href="#no"></a> <a href="../no.html"></a>"##),
            ("print.html", r#"<a href="nowhere.html"></a>"#),
        ];
        let pages: BTreeMap<_, _> = pages.map(|(path, text)| (PathBuf::from(path), text.to_owned())).into();
        let found = broken(&pages, |path| path == Path::new("style.css"));
        assert_eq!(found, (5, vec!["in/a.html: #no".to_owned(), "in/a.html: ../no.html".to_owned()]));
    }
}
