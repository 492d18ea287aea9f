use clap::Parser;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tidegate::edge::PolicyKind;
use tidegate::sched::NodeState;

use super::*;
use crate::options::Options;
use crate::samples::{INTO_RELAY, RELAY, calm, edge, fill, node, spread, with};

/// The screen as lines of text.
fn lines(app: &App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let buffer = terminal.backend().buffer();
    let cells = buffer.content().chunks(usize::from(width));
    let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect();
    cells.map(line).collect()
}

fn app(view: View) -> App {
    let mut app = App::new("/run/s".into(), &Options::parse_from(["tidegate-top"]));
    app.view = Some(view);
    app
}

fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        app.key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
    }
}

/// A slow node, a lossy edge and a failing node at once, among forty others.
fn troubled() -> View {
    with(|view| {
        fill(view, INTO_RELAY);
        view.nodes[RELAY].load = Some(0.97);
        for index in 0..40 {
            let name = format!("stage-{index:02}");
            view.nodes.push(node(&name, 0));
            let id = format!("source:tap-{index:02}->{name}:in");
            view.edges.push(edge(&id, 0, 3 + index, 64));
        }
        view.nodes[30].state = NodeState::Quarantined;
        view.nodes[30].panics = 1;
        let lossy = &mut view.edges[20];
        lossy.policy = PolicyKind::Drop;
        lossy.dropped_rate = 640.0;
        lossy.delivered_rate = 360.0;
    })
}

#[test]
fn all_three_troubles_are_on_a_small_screen_in_words_and_first_in_their_tables() {
    let lines = lines(&app(troubled()), 80, 24);
    let text = lines.join("\n");
    for told in [
        "FAULT  stage-27 is quarantined",
        "LOSS   source:tap-18->stage-18:in drops 640/s (64%)",
        "SLOW   relay holds back source",
    ] {
        assert!(text.contains(told), "{told} is missing in\n{text}");
    }
    let row = |name: &str, mark: &str| {
        lines
            .iter()
            .any(|line| line.starts_with(name) && line.contains(mark))
    };
    assert!(row("stage-27 ", "FAULT"), "{text}");
    assert!(row("relay ", "SLOW"), "{text}");
    assert!(row("source:tap-18->stage-18:in ", "LOSS"), "{text}");
}

#[test]
fn where_sentences_do_not_fit_each_kind_has_a_line_at_least() {
    let lines = lines(&app(troubled()), 60, 15);
    let text = lines.join("\n");
    for told in [
        "FAULT  stage-27",
        "LOSS   source:tap-18",
        "SLOW   relay holds",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(told)), "{text}");
    }
    let cut = |line: &String| line.trim_end().ends_with("..");
    assert!(lines.iter().any(cut), "{text}");
}

#[test]
fn every_page_shows_the_trouble_and_its_table() {
    for (key, title) in [
        ("2", "GRAPH"),
        ("3", "NODES"),
        ("4", "EDGES"),
        ("5", "WORKERS"),
        ("6", "LEDGER"),
    ] {
        let mut app = app(troubled());
        press(&mut app, key);
        let lines = lines(&app, 100, 30);
        assert!(lines[1].starts_with("FAULT"), "{}", lines.join("\n"));
        assert!(
            lines.iter().any(|line| line.starts_with(title)),
            "{title}\n{}",
            lines.join("\n")
        );
    }
}

#[test]
fn any_size_can_be_drawn_and_holds_ascii_only() {
    for (width, height) in [(1, 1), (5, 3), (20, 5), (40, 10), (80, 24), (250, 80)] {
        for key in ["1", "2", "3", "4", "5", "6", "?"] {
            let mut app = app(troubled());
            press(&mut app, key);
            let text = lines(&app, width, height).concat();
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn a_calm_engine_is_called_so() {
    let text = lines(&app(calm()), 80, 24).join("\n");
    assert!(text.contains("no trouble"), "{text}");
    assert!(text.contains("plant  running  process 4711"), "{text}");
    let mut first = calm();
    first.interval_seconds = 0.0;
    let text = lines(&app(first), 80, 24).join("\n");
    assert!(text.contains("measuring the first interval"), "{text}");
}

#[test]
fn the_filter_leaves_what_contains_it_and_says_so() {
    let mut app = app(troubled());
    press(&mut app, "3/stage-1");
    let lines = lines(&app, 80, 40);
    let text = lines.join("\n");
    let rows = lines.iter().filter(|line| line.starts_with("stage-"));
    assert_eq!(rows.count(), 10, "{text}");
    assert!(text.contains("NODES 10 of 43"), "{text}");
    assert!(text.contains("filter: stage-1_"), "{text}");
}

#[test]
fn scrolling_moves_the_rows_and_stops_at_the_last() {
    let mut app = app(troubled());
    press(&mut app, "3s");
    assert!(lines(&app, 80, 24).join("\n").contains("NODES 1-"));
    app.scroll = 1_000;
    let text = lines(&app, 80, 24).join("\n");
    assert!(
        text.contains("-43/43") && text.contains("stage-39"),
        "{text}"
    );
}

#[test]
fn a_lost_connection_stands_above_the_last_picture() {
    let mut app = app(calm());
    app.take(Err(tidegate::observe::inspect::ReadError::NobodyServes));
    let lines = lines(&app, 80, 24);
    assert!(
        lines[1].starts_with("NO READING: nobody serves"),
        "{}",
        lines[1]
    );
    assert!(lines.iter().any(|line| line.starts_with("relay ")));
}

#[test]
fn standing_still_and_the_help_are_told() {
    let mut app = app(calm());
    press(&mut app, "p");
    assert!(lines(&app, 80, 24)[0].contains("STANDS STILL"));
    press(&mut app, "?");
    let text = lines(&app, 80, 24).join("\n");
    for (_, name) in Page::ALL {
        assert!(text.contains(name), "{name}\n{text}");
    }
    for kind in [
        "FAULT", "STUCK", "LOSS", "SLOW", "LATE", "PAUSED", "EVICTS", "BEFORE",
    ] {
        assert!(text.contains(kind), "{kind}\n{text}");
    }
}

#[test]
fn long_sentences_are_wrapped_between_words() {
    let wrapped = wrap("SLOW   one two three four five", 16);
    assert_eq!(
        wrapped,
        ["SLOW   one two", "       three", "       four five"]
    );
    assert_eq!(wrap("averyveryverylongword", 10), ["aver..word"]);
}

#[test]
fn the_slowest_hop_of_the_slowest_path_is_on_a_small_screen_and_of_all_on_a_large_one() {
    let app = app(with(|view| {
        for (name, micros) in [("quick", 50), ("slow", 700)] {
            let mut sink = node(name, 0);
            sink.end_to_end = spread(micros);
            sink.slowest_hop = Some(format!("relay:{name}->{name}:in"));
            view.nodes.push(sink);
        }
    }));
    let small = lines(&app, 80, 24).join("\n");
    assert!(small.contains("relay:slow->slow:in"), "{small}");
    let large = lines(&app, 160, 60);
    let line = |hop: &str| large.iter().position(|line| line.contains(hop));
    let head = line("slowest hop").expect("a heading");
    assert_eq!(line("relay:slow->slow:in"), Some(head + 1), "{large:#?}");
    assert_eq!(line("relay:quick->quick:in"), Some(head + 2), "{large:#?}");
    assert!(large[head + 1].contains("1.40ms"), "{large:#?}");
}
