//! Writes the report of a run as one HTML file, and a picture of it for
//! Graphviz.
//!
//!     cargo run --bin report -- [FOLDER [SECONDS]]
//!
//! Into the present folder, after three seconds, unless given.

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use tidegate::engine::Engine;
use tidegate::observe::Recorder;
use tidegate::observe::html::HtmlReport;
use tidegate::observe::picture::Picture;
use tidegate_exporters::plant;

/// How many of its last events each worker keeps for the timeline.
const EVENTS: usize = 1 << 15;

#[allow(clippy::disallowed_methods)] // this program may sleep
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let seconds = arguments.next().map(|text| text.parse::<usize>());
    let seconds = seconds.transpose()?.unwrap_or(3);

    let builder = Engine::builder(plant::graph()?).workers(2);
    let engine = builder.recorder(Recorder::Full, EVENTS).start()?;
    let handle = engine.handle();
    let mut history = vec![engine.snapshot()];
    for _ in 0..20 * seconds {
        std::thread::sleep(Duration::from_millis(50));
        history.push(engine.snapshot());
    }
    let picture = Picture::new(engine.handle().graph(), &history[history.len() - 1])
        .since(&history[0])
        .to_dot();
    let report = engine.shutdown(Duration::from_secs(30));

    let recording = handle.recording().ok_or("the recorder is off")?;
    let page = folder.join("report.html");
    HtmlReport::new(&report)
        .history(&history)
        .recording(&recording)
        .write(&mut File::create(&page)?)?;
    let drawing = folder.join("plant.dot");
    std::fs::write(&drawing, picture)?;
    println!("{}\n{}", page.display(), drawing.display());
    Ok(())
}
