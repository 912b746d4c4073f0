//! Escapes text of peers for logs and messages.

use std::fmt;

/// Displays text in printable ASCII and escapes the rest, so that it cannot start a line, move the cursor or change the
/// reading order.
#[derive(Clone, Copy, Debug)]
pub struct EscapedText<'t>(pub &'t str);

impl fmt::Display for EscapedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| matches!(c, ' '..='~');
        let mut rest = self.0;
        while let Some(at) = rest.find(|c| !plain(c)) {
            let (before, from) = rest.split_at(at);
            f.write_str(before)?;
            let strange = from.chars().next().unwrap_or_default();
            write!(f, "{}", strange.escape_default())?;
            rest = &from[strange.len_utf8()..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::EscapedText;

    #[test]
    fn nothing_but_printable_ascii_comes_out() {
        assert_eq!(EscapedText("a \"b\" \\").to_string(), "a \"b\" \\");
        assert_eq!(EscapedText("a\r\nb\u{202e}\u{1b}[2Jé").to_string(), "a\\r\\nb\\u{202e}\\u{1b}[2J\\u{e9}");
        assert_eq!(EscapedText("").to_string(), "");
    }
}
