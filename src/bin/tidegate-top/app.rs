//! What the screen shows at the moment, and what the keys do to it.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tidegate::observe::inspect::{ReadError, Reading};

use crate::feed::Outcome;
use crate::options::{Options, Sort};
use crate::tables::Choice;
use crate::view::View;

/// One of the pages, by number key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Overview,
    Graph,
    Nodes,
    Edges,
    Workers,
    Ledger,
}

impl Page {
    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Overview, "all"),
        (Self::Graph, "graph"),
        (Self::Nodes, "nodes"),
        (Self::Edges, "edges"),
        (Self::Workers, "workers"),
        (Self::Ledger, "ledger"),
    ];
}

/// The state of the program.
pub(crate) struct App {
    /// Where the engine is.
    pub(crate) socket: String,
    /// Between readings.
    pub(crate) interval: Duration,
    pub(crate) page: Page,
    pub(crate) choice: Choice,
    /// Whether keys go into the filter.
    pub(crate) typing: bool,
    /// Whether the screen stands still.
    pub(crate) paused: bool,
    pub(crate) help: bool,
    /// Rows scrolled away.
    pub(crate) scroll: usize,
    pub(crate) view: Option<View>,
    /// Why there is no newer reading.
    pub(crate) error: Option<String>,
    pub(crate) quit: bool,
    /// What the next rates are measured from.
    last: Option<Box<Reading>>,
}

impl App {
    pub(crate) fn new(socket: String, options: &Options) -> Self {
        Self {
            socket,
            interval: options.interval,
            page: Page::Overview,
            choice: Choice {
                filter: options.filter.clone(),
                sort: options.sort,
            },
            typing: false,
            paused: false,
            help: false,
            scroll: 0,
            view: None,
            error: None,
            quit: false,
            last: None,
        }
    }

    /// Takes in a reading, or that there is none. The picture stays as it is
    /// while paused; what it lacks then is made up by the first interval after.
    pub(crate) fn take(&mut self, outcome: Outcome) {
        if self.paused {
            return;
        }
        match outcome {
            Ok(reading) => {
                self.error = None;
                self.view = Some(View::new(&reading, self.last.as_deref()));
                self.last = Some(reading);
            }
            Err(error) => self.error = Some(explain(&error)),
        }
    }

    pub(crate) fn key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c')) {
            self.quit = true;
        } else if self.typing {
            self.type_in(key.code);
        } else {
            self.command(key.code);
        }
    }

    fn type_in(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.choice.filter.clear();
                self.typing = false;
            }
            KeyCode::Backspace => {
                self.choice.filter.pop();
            }
            KeyCode::Char(typed) => self.choice.filter.push(typed),
            _ => {}
        }
        self.scroll = 0;
    }

    fn command(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char('q') => self.quit = true,
            KeyCode::Char('p' | ' ') => self.paused = !self.paused,
            KeyCode::Char('s') => {
                self.choice.sort = self.choice.sort.next();
                self.scroll = 0;
            }
            KeyCode::Char('t') => self.sort(Sort::Trouble),
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Char('?' | 'h') => self.help = !self.help,
            KeyCode::Esc if self.help => self.help = false,
            KeyCode::Esc => self.choice.filter.clear(),
            KeyCode::Char(digit @ '1'..='6') => {
                let index = digit as usize - '1' as usize;
                self.open(Page::ALL[index].0);
            }
            KeyCode::Tab => self.turn(1),
            KeyCode::BackTab => self.turn(Page::ALL.len() - 1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_add(10),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::Home => self.scroll = 0,
            _ => {}
        }
    }

    fn sort(&mut self, sort: Sort) {
        self.choice.sort = sort;
        self.scroll = 0;
    }

    fn open(&mut self, page: Page) {
        self.page = page;
        self.scroll = 0;
        self.help = false;
    }

    fn turn(&mut self, pages: usize) {
        let at = Page::ALL.iter().position(|(page, _)| *page == self.page);
        let to = (at.unwrap_or(0) + pages) % Page::ALL.len();
        self.open(Page::ALL[to].0);
    }
}

/// The error, and what will happen now.
fn explain(error: &ReadError) -> String {
    format!("NO READING: {error} (trying again; below is the last one)")
}

#[cfg(test)]
mod tests;
