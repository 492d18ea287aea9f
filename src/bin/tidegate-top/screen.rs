//! The picture: title, trouble, tables, keys.
//!
//! ASCII only, and every colour stands beside a word, so that it reads the same
//! on any terminal.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::app::{App, Page};
use crate::format::{shorten, span};
use crate::once::title;
use crate::table::Table;
use crate::tables;
use crate::trouble::{Finding, Kind};
use crate::view::View;

/// Lines of trouble on a small screen; on a larger one up to a quarter.
const FEW: usize = 6;

const HELP: &str = "\
q, Ctrl-C    quit
1 to 6, Tab  all, graph, nodes, edges, workers, ledger
s            sort by trouble, flow, rate, time, loss
t            sort by trouble again
/            filter: type, Enter keeps it, Esc clears it
p, space     pause, go on
arrows, PgUp, PgDn, Home   scroll
?            this help, and back

FAULT   a node fails, or is not called any more
STUCK   something waits, and nobody is called for it
LOSS    an edge drops messages: its consumer is too slow, or gone
SLOW    a node holds others back
LATE    ticks begin late, or not at all
PAUSED  somebody paused the node
EVICTS  an edge gives up old messages for new ones, as it was told to
BEFORE  it happened earlier, not in this interval

Rates, times and shares are of the last interval. Times are sampled; they are of
the whole run while the interval has no sample. load: share of a core.";

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App) {
    let [top, body, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(heading(app, top.width), top);
    frame.render_widget(keys(app), bottom);
    if app.help {
        frame.render_widget(Paragraph::new(HELP), body);
        return;
    }
    let Some(view) = &app.view else {
        let waiting = format!("waiting for the first reading of {}", app.socket);
        let text = app.error.clone().unwrap_or(waiting);
        let lines = wrap(&text, body.width as usize);
        frame.render_widget(Paragraph::new(lines.join("\n")), body);
        return;
    };
    let height = body.height as usize;
    let trouble = trouble(app, view, body.width as usize, FEW.max(height / 4));
    let [above, below] =
        Layout::vertical([Constraint::Length(trouble.len() as u16), Constraint::Min(0)])
            .areas(body);
    frame.render_widget(Paragraph::new(trouble), above);
    let choice = &app.choice;
    match app.page {
        Page::Overview => overview(frame, below, app, view),
        Page::Graph => table(frame, below, app, &tables::graph(view, choice)),
        Page::Nodes => table(frame, below, app, &tables::nodes(view, choice)),
        Page::Edges => table(frame, below, app, &tables::edges(view, choice)),
        Page::Workers => table(frame, below, app, &tables::workers(view)),
        Page::Ledger => table(frame, below, app, &tables::ledger(view, choice)),
    }
}

fn overview(frame: &mut Frame<'_>, area: Rect, app: &App, view: &View) {
    let workers = tables::workers(view);
    let paths = tables::paths(view);
    let nodes = tables::nodes(view, &app.choice);
    let edges = tables::edges(view, &app.choice);
    // Workers are few and matter least here; what is left, nodes and edges
    // share, and what one does not need the other has.
    let height = area.height as usize;
    let for_workers = (workers.rows.len() + 1).min(height / 4);
    // The slowest way on a small screen.
    let for_paths = match paths.rows.len() {
        0 => 0,
        all => (all + 1).min(2.max(height / 8)),
    };
    let rest = height.saturating_sub(for_workers + for_paths);
    let (wanted_nodes, wanted_edges) = (nodes.rows.len() + 1, edges.rows.len() + 1);
    let for_nodes = wanted_nodes.min((rest / 2).max(rest.saturating_sub(wanted_edges)));
    let for_edges = wanted_edges.min(rest - for_nodes);
    let [first, second, third, fourth, _] = Layout::vertical([
        Constraint::Length(for_nodes as u16),
        Constraint::Length(for_edges as u16),
        Constraint::Length(for_paths as u16),
        Constraint::Length(for_workers as u16),
        Constraint::Min(0),
    ])
    .areas(area);
    table(frame, first, app, &nodes);
    table(frame, second, app, &edges);
    table(frame, third, app, &paths);
    table(frame, fourth, app, &workers);
}

/// The heading, and as many rows as there is room for.
fn table(frame: &mut Frame<'_>, area: Rect, app: &App, table: &Table) {
    let room = (area.height as usize).saturating_sub(1);
    let from = app.scroll.min(table.rows.len().saturating_sub(room));
    let to = (from + room).min(table.rows.len());
    let width = area.width as usize;
    let lines = table.lines(&table.title(from, to), width);
    let mut text = vec![Line::styled(
        format!("{:<width$}", lines.head),
        Style::new().add_modifier(Modifier::REVERSED),
    )];
    let rows = lines.rows.into_iter().skip(from).take(to - from);
    text.extend(rows.map(|(row, trouble)| Line::styled(row, style(trouble))));
    frame.render_widget(Paragraph::new(text), area);
}

fn heading(app: &App, width: u16) -> Line<'static> {
    let width = width as usize;
    let mut text = match &app.view {
        Some(view) => title(view),
        None => app.socket.clone(),
    };
    if app.paused {
        text.push_str("  STANDS STILL, p goes on");
    } else {
        text.push_str(&format!("  every {}", span(app.interval)));
    }
    let text = shorten(&text, width);
    Line::styled(
        format!("{text:<width$}"),
        Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
    )
}

fn keys(app: &App) -> Line<'static> {
    if app.typing {
        return Line::raw(format!(
            "filter: {}_   Enter keeps, Esc clears",
            app.choice.filter
        ));
    }
    let mut spans = Vec::new();
    for (index, (page, name)) in Page::ALL.iter().enumerate() {
        let style = if *page == app.page {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new()
        };
        spans.push(Span::styled(format!("{}:{name}", index + 1), style));
        spans.push(Span::raw(" "));
    }
    let filter = match app.choice.filter.as_str() {
        "" => String::new(),
        filter => format!(" /:{filter}"),
    };
    let sort = app.choice.sort.name();
    spans.push(Span::raw(format!("s:{sort} ?:help q:quit{filter}")));
    Line::from(spans)
}

/// What is wrong, in words, in at most `most` lines and one that says how many
/// more there are.
fn trouble(app: &App, view: &View, width: usize, most: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(error) = &app.error {
        lines.extend(
            wrap(error, width)
                .into_iter()
                .map(|line| Line::styled(line, style(Some(Kind::Fault)))),
        );
    }
    if view.trouble.is_empty() {
        let calm = "no trouble: nothing fails, is lost, full or late";
        lines.push(Line::raw(if view.interval_seconds > 0.0 {
            calm
        } else {
            "measuring the first interval"
        }));
    }
    let mut told = 0;
    for (index, finding) in view.trouble.iter().enumerate() {
        // Every kind that is still to come keeps a line; a sentence that lacks
        // room for that loses its end, for it begins with what matters.
        let to_come = kinds(&view.trouble[index + 1..], &view.trouble[..=index]);
        let room = most.saturating_sub(lines.len() + to_come);
        let mut text = wrap(&format!("{:<6} {}", finding.kind, finding.text), width);
        if text.len() > room {
            if index > 0 && room == 0 {
                break;
            }
            text.truncate(room.max(1));
            if let Some(last) = text.last_mut() {
                *last = cut(&format!("{last} .."), width);
            }
        }
        told += 1;
        let style = style(Some(finding.kind));
        lines.extend(text.into_iter().map(|line| Line::styled(line, style)));
    }
    if told < view.trouble.len() {
        lines.push(Line::raw(format!(
            "       and {} more, marked in the tables",
            view.trouble.len() - told
        )));
    }
    lines
}

/// How many alarming kinds there are in `found` that are not in `told`.
fn kinds(found: &[Finding], told: &[Finding]) -> usize {
    let mut kinds: Vec<Kind> = found.iter().map(|finding| finding.kind).collect();
    kinds.sort();
    kinds.dedup();
    let new = |kind: &&Kind| kind.is_alarming() && told.iter().all(|one| one.kind != **kind);
    kinds.iter().filter(new).count()
}

/// `text` in at most `width` characters; of a longer one the beginning.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    format!("{kept}..").chars().take(width).collect()
}

/// `text` in lines of `width` characters, the later ones indented.
fn wrap(text: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "       ";
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if !line.trim().is_empty() && !fits {
            lines.push(std::mem::replace(&mut line, INDENT.to_owned()));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.iter().map(|line| shorten(line, width)).collect()
}

fn style(trouble: Option<Kind>) -> Style {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    match trouble {
        None => Style::new(),
        Some(Kind::Ledger | Kind::Fault | Kind::Stuck) => bold.fg(Color::Red),
        Some(Kind::Loss) => bold.fg(Color::Magenta),
        Some(Kind::Slow | Kind::Late) => bold.fg(Color::Yellow),
        Some(Kind::Paused | Kind::Evicts | Kind::Before) => Style::new().fg(Color::Cyan),
    }
}

#[cfg(test)]
mod tests;
