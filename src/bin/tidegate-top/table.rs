//! A table as text in columns, for the screen and for scripts.

use crate::format::shorten;
use crate::trouble::Kind;

/// Characters between columns.
const GAP: usize = 1;

/// What stands for a figure that there is none of.
pub(crate) const NOTHING: &str = "-";

/// A name usually gets so many characters before a less important column goes.
pub(crate) const NAME: usize = 30;

/// A table whose first column holds names, of any length.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) title: &'static str,
    /// So many characters a name gets before a less important column goes.
    pub(crate) name: usize,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// How many there are without the filter.
    pub(crate) unfiltered: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Above the figures; above names stands the title.
    head: &'static str,
    /// At least so wide, so that columns stand still while figures change.
    width: usize,
    /// Columns of higher importance stay longer when the screen is narrow.
    importance: u8,
    left: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) trouble: Option<Kind>,
}

/// A column of figures.
pub(crate) const fn right(head: &'static str, width: usize, importance: u8) -> Column {
    Column {
        head,
        width,
        importance,
        left: false,
    }
}

/// A column of words.
pub(crate) const fn left(head: &'static str, width: usize, importance: u8) -> Column {
    Column {
        head,
        width,
        importance,
        left: true,
    }
}

/// A table cut to a width: its heading, and its rows, as lines.
pub(crate) struct Lines {
    pub(crate) head: String,
    pub(crate) rows: Vec<(String, Option<Kind>)>,
}

impl Table {
    /// What stands above the names: which rows are shown, of how many.
    pub(crate) fn title(&self, from: usize, to: usize) -> String {
        let rows = self.rows.len();
        let mut title = if from == 0 && to >= rows {
            format!("{} {rows}", self.title)
        } else {
            format!("{} {}-{to}/{rows}", self.title, from + 1)
        };
        if rows < self.unfiltered {
            title.push_str(&format!(" of {}", self.unfiltered));
        }
        title
    }

    /// The table in lines of at most `width` characters, with `title` above
    /// the names. Columns without any figure are left out, then the least
    /// important ones as long as names lack room; then names are shortened.
    pub(crate) fn lines(&self, title: &str, width: usize) -> Lines {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| column.width).collect();
        for (index, column) in self.columns.iter().enumerate() {
            let cells = self.rows.iter().map(|row| row.cells[index].chars().count());
            let widest = cells.chain([column.head.len()]).max().unwrap_or(0);
            widths[index] = widths[index].max(widest);
        }
        let mut shown: Vec<usize> = (0..self.columns.len())
            .filter(|&column| {
                self.rows.is_empty() || self.rows.iter().any(|row| row.cells[column] != NOTHING)
            })
            .collect();
        let rest = |shown: &[usize]| -> usize {
            shown[1..].iter().map(|&column| widths[column] + GAP).sum()
        };
        let name = widths[0].min(self.name);
        while rest(&shown) + name > width && shown.len() > 1 {
            // Of the least important ones the last.
            let (mut place, mut least) = (1, u8::MAX);
            for (index, &column) in shown.iter().enumerate().skip(1) {
                if self.columns[column].importance <= least {
                    (place, least) = (index, self.columns[column].importance);
                }
            }
            shown.remove(place);
        }
        widths[0] = widths[0].min(width.saturating_sub(rest(&shown)));
        let line = |cell: &dyn Fn(usize) -> String| {
            let mut line = String::new();
            for &column in &shown {
                let text = shorten(&cell(column), widths[column]);
                let wide = widths[column];
                if column != shown[0] {
                    line.push_str(&" ".repeat(GAP));
                }
                line.push_str(&if self.columns[column].left {
                    format!("{text:<wide$}")
                } else {
                    format!("{text:>wide$}")
                });
            }
            line.truncate(line.trim_end().len());
            line
        };
        Lines {
            head: line(&|column| match column {
                0 => title.to_owned(),
                _ => self.columns[column].head.to_owned(),
            }),
            rows: self
                .rows
                .iter()
                .map(|row| (line(&|column| row.cells[column].clone()), row.trouble))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
