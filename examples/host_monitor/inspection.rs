//! Letting `tidegate-top` look: needs the feature `inspect`.

use std::error::Error;
use std::path::Path;

use tidegate::engine::EngineHandle;

/// Serves readings of the engine at `path`, while the result lives.
#[cfg(all(feature = "inspect", unix))]
pub(crate) fn serve(
    handle: &EngineHandle,
    path: &Path,
) -> Result<tidegate::observe::inspect::Inspector, Box<dyn Error>> {
    Ok(tidegate::observe::inspect::Inspector::serve(handle, path)?)
}

/// Refuses: without the feature there is nothing to serve with.
#[cfg(not(all(feature = "inspect", unix)))]
pub(crate) fn serve(_: &EngineHandle, _: &Path) -> Result<(), Box<dyn Error>> {
    Err("--inspect needs a build with `--features inspect`, on Unix".into())
}
