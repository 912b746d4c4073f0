//! Names that may have been meant by one that is mistyped.

/// Most names in a suggestion.
const SHOWN: usize = 3;

/// The known names that are most like this one, the likeliest first; none if all are far from it. Case is ignored.
pub fn similar<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    /// At this share of equal letters, one or two of a word are wrong.
    const LEAST: f64 = 0.75;
    let name = name.to_ascii_lowercase();
    let score = |known: &str| {
        // A part of a name is what is remembered of it.
        let is_part = name.len() > 2 && known.contains(&*name);
        let share = strsim::normalized_damerau_levenshtein(&name, known);
        if is_part { share.max(LEAST) } else { share }
    };
    let mut scored: Vec<_> = known.into_iter().map(|known| (score(known), known)).collect();
    scored.retain(|(score, _)| *score >= LEAST);
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.dedup_by_key(|(_, known)| *known);
    scored.into_iter().take(SHOWN).map(|(_, known)| known).collect()
}

/// ` (did you mean litecoin?)`; nothing without a similar name.
pub fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    match &similar(name, known)[..] {
        [] => String::new(),
        names => format!(" (did you mean {}?)", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{similar, suggestion};

    #[test]
    fn names_that_are_a_letter_off_or_hold_the_word_are_similar() {
        let known = ["bitcoin", "bitcoin-signet", "litecoin", "monero", "crawl", "peers"];
        assert_eq!(similar("crwal", known), ["crawl"]);
        assert_eq!(similar("litecion", known), ["litecoin"]);
        assert_eq!(similar("Signet", known), ["bitcoin-signet"]);
        assert_eq!(similar("node", known), [""; 0]);
        assert_eq!(suggestion("moneroo", known), " (did you mean monero?)");
        assert_eq!(suggestion("xyz", known), "");
    }
}
