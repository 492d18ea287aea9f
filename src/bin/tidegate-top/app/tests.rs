use clap::Parser;

use super::*;

fn app() -> App {
    let options = Options::parse_from(["tidegate-top"]);
    App::new("/run/engine.sock".into(), &options)
}

fn press(app: &mut App, keys: &[KeyCode]) {
    for &code in keys {
        app.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
}

fn typed(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

#[test]
fn every_page_has_its_number_and_tab_goes_around() {
    let mut app = app();
    for (index, (page, _)) in Page::ALL.iter().enumerate() {
        press(&mut app, &typed(&(index + 1).to_string()));
        assert_eq!(app.page, *page);
    }
    press(&mut app, &[KeyCode::Tab]);
    assert_eq!(app.page, Page::Overview);
    press(&mut app, &[KeyCode::BackTab]);
    assert_eq!(app.page, Page::Ledger);
}

#[test]
fn what_is_typed_into_the_filter_is_no_command() {
    let mut app = app();
    press(&mut app, &typed("/qps1"));
    assert!(app.typing && !app.quit && !app.paused);
    assert_eq!(app.choice.filter, "qps1");
    press(&mut app, &[KeyCode::Backspace, KeyCode::Enter]);
    assert_eq!((app.choice.filter.as_str(), app.typing), ("qps", false));
    press(&mut app, &[KeyCode::Esc]);
    assert_eq!(app.choice.filter, "");
    press(&mut app, &typed("/x"));
    press(&mut app, &[KeyCode::Esc]);
    assert_eq!((app.choice.filter.as_str(), app.typing), ("", false));
}

#[test]
fn quitting_works_from_everywhere() {
    let mut app = app();
    press(&mut app, &typed("/"));
    app.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(app.quit);
    let mut other = self::app();
    press(&mut other, &typed("q"));
    assert!(other.quit);
}

#[test]
fn scrolling_stops_at_the_top_and_a_new_page_begins_there() {
    let mut app = app();
    press(&mut app, &[KeyCode::Up]);
    assert_eq!(app.scroll, 0);
    press(&mut app, &[KeyCode::PageDown, KeyCode::Down]);
    assert_eq!(app.scroll, 11);
    press(&mut app, &typed("3"));
    assert_eq!(app.scroll, 0);
}

#[test]
fn a_lost_engine_is_told_and_while_paused_nothing_changes() {
    let mut app = app();
    app.take(Err(ReadError::NobodyServes));
    let error = app.error.clone().unwrap();
    assert!(error.contains("process is gone"), "{error}");
    press(&mut app, &typed("p"));
    app.take(Err(ReadError::NotFound));
    assert_eq!(app.error, Some(error));
    press(&mut app, &typed("p"));
    app.take(Err(ReadError::NotFound));
    assert!(app.error.unwrap().contains("no socket"));
}
