//! A table of text that is written row by row.

use std::array;
use std::io::{self, Write};

use anstyle::Style;

use crate::output::Paint;

/// The number of rows that decide the widths of columns. Cells of later rows may be wider.
const MEASURED: usize = 256;

/// The gap between columns.
const GAP: &str = "  ";

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A cell: printable ASCII, and its style.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// A dash for a value that is unknown or does not apply.
pub fn or_dash(value: Option<impl ToString>) -> Cell {
    value.map_or_else(|| "-".into(), |value| value.to_string().into())
}

/// A table that is written as its rows come.
pub struct Table<W, const N: usize> {
    out: W,
    paint: Paint,
    align: [Align; N],
    widths: [usize; N],
    /// The rows before the widths are known; the first is the header.
    waiting: Vec<[Cell; N]>,
    rows: u64,
}

impl<W: Write, const N: usize> Table<W, N> {
    pub fn new(out: W, paint: Paint, columns: [(&str, Align); N]) -> Self {
        let header = columns.map(|(name, _)| name.into());
        Self { out, paint, align: columns.map(|(_, align)| align), widths: [0; N], waiting: vec![header], rows: 0 }
    }

    pub fn row(&mut self, row: [Cell; N]) -> io::Result<()> {
        self.rows += 1;
        if self.rows > MEASURED as u64 {
            self.write_waiting()?;
            return self.write(&row);
        }
        self.waiting.push(row);
        Ok(())
    }

    /// Writes the rest. Returns the number of rows; without rows there is no header either.
    pub fn finish(mut self) -> io::Result<u64> {
        if self.rows > 0 {
            self.write_waiting()?;
        }
        self.out.flush()?;
        Ok(self.rows)
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        for row in &waiting {
            self.widths = array::from_fn(|nth| self.widths[nth].max(row[nth].text.len()));
        }
        waiting.iter().try_for_each(|row| self.write(row))
    }

    fn write(&mut self, row: &[Cell; N]) -> io::Result<()> {
        for (nth, (cell, align)) in row.iter().zip(self.align).enumerate() {
            let is_last = nth + 1 == N;
            if is_last && cell.text.is_empty() {
                break;
            }
            let (gap, width) = (if nth > 0 { GAP } else { "" }, self.widths[nth]);
            let text = match align {
                Align::Right => format!("{:>width$}", cell.text),
                // No cell follows that needs padding.
                Align::Left if is_last => cell.text.clone(),
                Align::Left => format!("{:<width$}", cell.text),
            };
            write!(self.out, "{gap}{}", self.paint.paint(cell.style, &text))?;
        }
        writeln!(self.out)
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::{Align, Cell, MEASURED, Table};
    use crate::args::ColorChoice;
    use crate::output::Paint;

    const COLUMNS: [(&str, Align); 3] = [("A", Align::Left), ("B", Align::Right), ("C", Align::Left)];

    fn written(paint: Paint, rows: impl IntoIterator<Item = [Cell; 3]>) -> (u64, String) {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, paint, COLUMNS);
        for row in rows {
            table.row(row).unwrap();
        }
        (table.finish().unwrap(), String::from_utf8(out).unwrap())
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let plain = Paint::new(ColorChoice::Never, true);
        let (count, text) = written(plain, [["one", "1", "x y"], ["three", "100", ""]].map(|row| row.map(Cell::from)));
        assert_eq!((count, text.as_str()), (2, "A        B  C\none      1  x y\nthree  100\n"));
        assert_eq!(written(plain, []), (0, String::new()));
    }

    #[test]
    fn a_table_that_never_ends_is_written_as_it_comes() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, Paint::new(ColorChoice::Never, true), COLUMNS);
        for nth in 0..=MEASURED {
            table.row(["a".into(), nth.to_string().into(), "c".into()]).unwrap();
        }
        table.row(["a long one".into(), "1".into(), "c".into()]).unwrap();
        assert_eq!(table.waiting.len(), 0);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1 + MEASURED + 2);
        assert!(text.ends_with("\na long one    1  c\n"));
    }

    #[test]
    fn colour_takes_no_room() {
        let green = Cell::styled("ok", AnsiColor::Green.on_default());
        let (_, text) = written(Paint::new(ColorChoice::Always, false), [[green, "1".into(), "x".into()]]);
        assert_eq!(text, "A   B  C\n\u{1b}[32mok\u{1b}[0m  1  x\n");
    }
}
