//! A terminal inspector of running tidegate engines.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "the library neither prints nor sleeps; this program does"
)]

mod app;
mod feed;
mod format;
mod once;
mod options;
#[cfg(test)]
mod samples;
mod screen;
mod table;
mod tables;
mod trouble;
mod view;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use clap::Parser;
use ratatui::crossterm::event::{Event, KeyEventKind, poll, read as next_event};
use tidegate::observe::inspect;

use app::App;
use feed::{Feed, PATIENCE};
use options::Options;
use tables::Choice;

/// How long a key may take to be noticed, and a reading to be shown.
const FRAME: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when the error stream is closed too.
            let _ = writeln!(io::stderr(), "tidegate-top: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let prints = options.once || options.json;
    if !prints && !io::stdout().is_terminal() {
        return Err("the output is not a terminal; use --once or --json".into());
    }
    let socket = match &options.socket {
        Some(socket) => socket.clone(),
        None => the_only_one()?,
    };
    let name = socket.display().to_string();
    if prints {
        let view =
            once::view(&socket, options.interval).map_err(|error| format!("{name}: {error}"))?;
        let choice = Choice {
            filter: options.filter.clone(),
            sort: options.sort,
        };
        let text = if options.json {
            serde_json::to_string(&view)? + "\n"
        } else {
            once::text(&view, &choice)
        };
        return match io::stdout().write_all(text.as_bytes()) {
            // Whoever read has seen enough: `tidegate-top --once | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => Ok(outcome?),
        };
    }
    // A first reading before the screen changes: a wrong path is told plainly.
    inspect::read(&socket, PATIENCE).map_err(|error| format!("{name}: {error}"))?;
    let mut app = App::new(name, options);
    let feed = Feed::start(socket, options.interval)?;
    let mut terminal = ratatui::try_init()?;
    let outcome = show(&mut terminal, &mut app, &feed);
    ratatui::try_restore()?;
    outcome
}

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    app: &mut App,
    feed: &Feed,
) -> Result<(), Box<dyn Error>> {
    let mut changed = true;
    while !app.quit {
        loop {
            match feed.outcomes.try_recv() {
                Ok(outcome) => app.take(outcome),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err("the reading thread ended".into()),
            }
            changed = true;
        }
        if changed {
            terminal.draw(|frame| screen::draw(frame, app))?;
        }
        changed = poll(FRAME)?;
        if changed {
            match next_event()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => app.key(key),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The socket of the one engine that serves at the usual place.
fn the_only_one() -> Result<PathBuf, Box<dyn Error>> {
    let mut alive = Vec::new();
    for socket in inspect::served() {
        if inspect::read(&socket, PATIENCE).is_ok() {
            alive.push(socket);
        }
    }
    match alive.as_slice() {
        [] => Err("no engine serves at $XDG_RUNTIME_DIR/tidegate; name its socket".into()),
        [only] => Ok(only.clone()),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            Err(format!(
                "several engines serve; name one of:\n  {}",
                names.join("\n  ")
            )
            .into())
        }
    }
}
