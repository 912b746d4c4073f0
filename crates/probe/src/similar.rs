//! Suggests known names for a mistyped one.

/// Maximum number of suggested names.
const SHOWN: usize = 3;

/// The known names most similar to this one, best first; none if all differ too much. Case is ignored.
pub fn similar<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    /// At this share of equal letters, a word has one or two wrong letters.
    const LEAST: f64 = 0.75;
    let name = name.to_ascii_lowercase();
    let score = |known: &str| {
        // Users often remember a part of a name.
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
