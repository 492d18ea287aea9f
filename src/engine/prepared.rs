//! An engine that is planned, but not built: can be looked at, then started.

use crate::graph::Plan;
use crate::sched::LiveConfig;

use super::error::BuildError;
use super::settings::Settings;
use super::stepping::SteppedEngine;
use super::wiring::Wired;

/// A checked graph, laid out for its workers: look at the
/// [plan](Self::plan), then start it.
pub struct PreparedEngine {
    pub(super) plan: Plan,
    pub(super) settings: Settings,
    pub(super) config: LiveConfig,
}

impl PreparedEngine {
    pub(super) fn new(plan: Plan, settings: Settings, config: LiveConfig) -> Self {
        Self {
            plan,
            settings,
            config,
        }
    }

    /// The layout: placement, memory, warnings, drawings.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// See [`EngineBuilder::start`](super::EngineBuilder::start).
    ///
    /// # Errors
    /// [`BuildError`], if memory or threads are not to be had, or a node fails
    /// to start.
    #[cfg(feature = "std")]
    pub fn start(self) -> Result<super::Engine, BuildError> {
        super::Engine::launch(Wired::new(self)?)
    }

    /// See [`EngineBuilder::stepping`](super::EngineBuilder::stepping).
    ///
    /// # Errors
    /// [`BuildError`], if the engine has more than one worker, or a node fails
    /// to start.
    pub fn stepping(mut self) -> Result<SteppedEngine, BuildError> {
        if self.settings.workers != 1 {
            return Err(BuildError::SteppingWorkers(self.settings.workers));
        }
        self.settings.stepped = true;
        SteppedEngine::launch(Wired::new(self)?)
    }
}
