//! All three programs at once, the sender and the consumer as processes.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Lines};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::handler::{self, Places};
use crate::options::AllOptions;

/// What is under way when the sender has ended arrives within this time.
const SETTLE: Duration = Duration::from_millis(200);

/// The same group as by default, and a port that is free.
const FEED: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 77, 1), 0);

/// A process of this program. It ends with the value.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).stdout(Stdio::piped());
        command.process_group(0); // Ctrl-C is for this process
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let lines = BufReader::new(output).lines();
        Ok(Self { child, lines })
    }

    /// Asks it to end, with its report.
    fn ask_to_end(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// The next line that it prints.
    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        Ok(self.lines.next().ok_or("a process ended early")??)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs all three, and prints one report.
pub(crate) fn run(options: &AllOptions) -> Result<(), Box<dyn Error>> {
    let (_over, is_over) = handler::interruptible()?;
    let running = &options.running;
    let consume = ["consume", "--listen=127.0.0.1:0"].map(str::to_owned);
    let mut consumer = Process::start(&consume)?;
    let line = consumer.line()?;
    let orders = line.strip_prefix("listening on ").ok_or("no address")?;
    let places = Places {
        feed: FEED,
        orders: orders.parse()?,
    };
    let (mut report, sent) = handler::handle(&places, running, None, |listening, operator| {
        let mut send = vec![
            "send".to_owned(),
            format!("--to={}", listening.address),
            format!("--seconds={}", running.seconds),
        ];
        send.extend(options.feed.arguments());
        let mut sender = Process::start(&send)?;
        if handler::operate(running, operator, &is_over) {
            sender.ask_to_end()?;
        }
        let sent = serde_json::from_str(&sender.line()?)?;
        thread::sleep(SETTLE);
        Ok(sent)
    })?;
    report.add_others(sent, serde_json::from_str(&consumer.line()?)?);
    handler::print(&report, running)
}
