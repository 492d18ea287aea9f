//! Puts stages together: a graph, its engine, and the audit of its run.

use std::sync::Arc;
use std::time::Duration;

use tidegate::edge::PolicyKind;
use tidegate::engine::{BuildError, Change, ControlError, Engine, EngineHandle, Report};
use tidegate::graph::{Edge, Subgraph};
use tidegate::node::{Direction, Escalation, FaultPolicy, NodeOptions, Quarantine, Tick};
use tidegate::sched::IdleStrategy;

use crate::audit::{Audit, Wire};
use crate::journal::{Item, Journal};
use crate::stage::{Deed, Memory, Recipe, Stage, When};

/// A timeout that no model reaches: a wake-up that gets lost while somebody
/// waits this long ends in a deadlock, which shuttle reports.
pub const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A change that is valid; it may come when the engine has ended already.
pub fn made(change: Result<Change, ControlError>) -> Option<Change> {
    match change {
        Err(ControlError::Stopped) => None,
        change => Some(change.unwrap()),
    }
}

/// A stage to be, and where it goes. Its ports come with its edges.
pub struct Spec {
    recipe: Recipe,
    options: NodeOptions,
    factory: Factory,
}

/// Whether a stage can be made anew.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Factory {
    None,
    Works,
    /// Panics from the second call on.
    Broken,
}

/// A stage on this worker.
pub fn stage(name: &'static str, worker: usize) -> Spec {
    Spec {
        recipe: Recipe {
            name,
            inputs: 0,
            outputs: 0,
            items: 0,
            first_uncredited: false,
            passive: false,
            tick: Tick::Never,
            deed: None,
        },
        options: NodeOptions::new().worker(worker),
        factory: Factory::None,
    }
}

/// A stage on this worker that makes so many items, then finishes.
pub fn source(name: &'static str, worker: usize, items: u32) -> Spec {
    let mut spec = stage(name, worker);
    spec.recipe.items = items;
    spec
}

impl Spec {
    pub fn does(mut self, when: When, deed: Deed) -> Self {
        self.recipe.deed = Some((when, deed));
        self
    }

    /// What happens at errors and panics of this stage.
    pub fn on_fault(mut self, policy: FaultPolicy) -> Self {
        self.options = self.options.on_error(policy).on_panic(policy);
        self
    }

    /// Its quarantine keeps the edges.
    pub fn open(mut self) -> Self {
        self.options = self.options.quarantine(Quarantine::Open);
        self
    }

    pub fn restartable(mut self, limit: u32) -> Self {
        self.factory = Factory::Works;
        self.on_fault(FaultPolicy::Restart { limit })
    }

    pub fn restartable_once_broken(mut self) -> Self {
        self.factory = Factory::Broken;
        self.on_fault(FaultPolicy::Restart { limit: 9 })
    }

    pub fn first_uncredited(mut self) -> Self {
        self.recipe.first_uncredited = true;
        self
    }

    pub fn passive(mut self) -> Self {
        self.recipe.passive = true;
        self
    }

    /// A source that makes one item per tick.
    pub fn ticking(mut self, every: Duration) -> Self {
        self.recipe.tick = Tick::Every(every);
        self
    }
}

/// A graph of stages, under construction.
pub struct Plant {
    workers: usize,
    batch: u32,
    drain_timeout: Duration,
    specs: Vec<Spec>,
    edges: Vec<(Wire, Edge)>,
    /// With the direction and address of the port that each leads to.
    doors: Vec<(Direction, String, Edge)>,
    /// With its capacity.
    injectables: Vec<(String, usize)>,
    /// From which input to which, over how large a Block edge.
    dead_letters: Vec<(String, String, usize)>,
    escalation: Escalation,
    /// What the run will have noted, for runs that leave no report.
    pub journal: Arc<Journal>,
}

impl Plant {
    pub fn new(workers: usize, specs: impl IntoIterator<Item = Spec>) -> Self {
        Self {
            workers,
            batch: 2,
            drain_timeout: NEVER,
            specs: specs.into_iter().collect(),
            edges: Vec::new(),
            doors: Vec::new(),
            injectables: Vec::new(),
            dead_letters: Vec::new(),
            escalation: Escalation::pass_on(),
            journal: Arc::new(Journal::default()),
        }
    }

    /// The timeout of a shutdown that nobody gives another one for.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// Connects the next output of `from` to the next input of `to`.
    pub fn edge(
        mut self,
        from: &'static str,
        to: &'static str,
        policy: PolicyKind,
        edge: Edge,
    ) -> Self {
        let output = self.recipe(from).outputs;
        self.recipe(from).outputs += 1;
        let input = self.recipe(to).inputs;
        self.recipe(to).inputs += 1;
        let wire = Wire {
            id: format!("{from}:out{output}->{to}:in{input}"),
            policy,
            from,
            output,
            to,
            input,
        };
        self.edges.push((wire, edge));
        self
    }

    /// A door called `in` to the next input of `to`.
    pub fn entrance(mut self, to: &'static str, edge: Edge) -> Self {
        let input = self.recipe(to).inputs;
        self.recipe(to).inputs += 1;
        let port = format!("{to}:in{input}");
        self.doors.push((Direction::Input, port, edge));
        self
    }

    /// Lets handles inject into the next input of `to`.
    pub fn injectable(mut self, to: &'static str, capacity: usize) -> Self {
        let input = self.recipe(to).inputs;
        self.recipe(to).inputs += 1;
        self.injectables.push((format!("{to}:in{input}"), capacity));
        self
    }

    /// A door called `out` from the next output of `from`.
    pub fn exit(mut self, from: &'static str, edge: Edge) -> Self {
        let output = self.recipe(from).outputs;
        self.recipe(from).outputs += 1;
        let port = format!("{from}:out{output}");
        self.doors.push((Direction::Output, port, edge));
        self
    }

    /// A Block edge for the dead letters of the first input of `of`, to the next
    /// input of `to`.
    pub fn dead_letters(mut self, of: &'static str, to: &'static str, capacity: usize) -> Self {
        let input = self.recipe(to).inputs;
        self.recipe(to).inputs += 1;
        let (of, to) = (format!("{of}:in0"), format!("{to}:in{input}"));
        self.dead_letters.push((of, to, capacity));
        self
    }

    /// What the whole graph does when a stage escalates.
    pub fn on_escalation(mut self, escalation: Escalation) -> Self {
        self.escalation = escalation;
        self
    }

    /// A Block edge.
    pub fn block(self, from: &'static str, to: &'static str, capacity: usize) -> Self {
        self.edge(from, to, PolicyKind::Block, Edge::block(capacity))
    }

    /// A Block edge that can grow to four messages.
    pub fn growable(self, from: &'static str, to: &'static str, capacity: usize) -> Self {
        let edge = Edge::block(capacity).max_capacity(4);
        self.edge(from, to, PolicyKind::Block, edge)
    }

    /// A Coalesce edge that merges items.
    pub fn coalesce(self, from: &'static str, to: &'static str, capacity: usize) -> Self {
        let edge = Edge::coalesce(capacity, Item::merge);
        self.edge(from, to, PolicyKind::Coalesce, edge.into())
    }

    fn recipe(&mut self, name: &str) -> &mut Recipe {
        let spec = self.specs.iter_mut().find(|spec| spec.recipe.name == name);
        &mut spec.expect("a stage of this name").recipe
    }

    /// Starts the engine.
    pub fn start(self) -> Result<Running, BuildError> {
        let journal = self.journal;
        let mut graph = Subgraph::new("plant");
        for spec in self.specs {
            add(&mut graph, spec, &journal);
        }
        let mut wires = Vec::with_capacity(self.edges.len());
        for (wire, edge) in self.edges {
            let from = format!("{}:out{}", wire.from, wire.output);
            let to = format!("{}:in{}", wire.to, wire.input);
            graph.connect_by_name(&from, &to, edge).unwrap();
            wires.push(wire);
        }
        for (of, to, capacity) in self.dead_letters {
            let edge = Edge::block(capacity);
            graph.dead_letters_by_name(&of, &to, edge).unwrap();
        }
        for (input, capacity) in self.injectables {
            graph.injectable_by_name(&input, capacity).unwrap();
        }
        graph.on_escalation(self.escalation);
        for (direction, port, _) in &self.doors {
            graph.expose_later(*direction, door_name(*direction), port);
        }
        let mut builder = Engine::builder(graph);
        for (direction, _, edge) in self.doors {
            builder = match direction {
                Direction::Input => builder.entrance(door_name(direction), edge),
                Direction::Output => builder.exit(door_name(direction), edge),
            };
        }
        let prepared = builder
            .workers(self.workers)
            .pin(false)
            .batch(self.batch)
            .idle(IdleStrategy::Park {
                spins: 0,
                yields: 0,
            })
            .drain_timeout(self.drain_timeout)
            .prepare()?;
        let audit = Audit {
            journal,
            wires,
            resized: false,
            memory_bytes: prepared.plan().memory().total(),
        };
        Ok(Running {
            engine: prepared.start()?,
            audit,
        })
    }

    /// Starts the engine, waits until it stops by itself, and checks the end.
    pub fn run(self) -> Report {
        self.start().unwrap().wait()
    }
}

fn door_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Input => "in",
        Direction::Output => "out",
    }
}

fn add(graph: &mut Subgraph, spec: Spec, journal: &Arc<Journal>) {
    let (journal, memory) = (Arc::clone(journal), Arc::new(Memory::default()));
    let Spec {
        recipe,
        options,
        factory,
    } = spec;
    let name = recipe.name;
    let mut made = 0;
    let mut make = move || {
        made += 1;
        if factory == Factory::Broken && made > 1 {
            // Past the panic hook, as in `Stage`.
            std::panic::resume_unwind(Box::new("a broken factory"));
        }
        Stage::new(recipe.clone(), &memory, &journal)
    };
    if factory == Factory::None {
        graph.add_with(name, make(), options).unwrap();
    } else {
        graph.add_restartable(name, make, options).unwrap();
    }
}

/// An engine at work.
pub struct Running {
    pub engine: Engine,
    pub audit: Audit,
}

impl Running {
    pub fn handle(&self) -> EngineHandle {
        self.engine.handle()
    }

    /// Waits for the end, and checks it.
    pub fn wait(self) -> Report {
        let report = self.engine.wait();
        self.audit.check(&report);
        report
    }

    /// Shuts down, and checks what that leaves.
    pub fn shutdown(self, timeout: Duration) -> Report {
        let report = self.engine.shutdown(timeout);
        self.audit.check(&report);
        report
    }
}
