//! What is acknowledged and not in the file yet, as readers see it.

use std::sync::Arc;

use super::tables::Layer;

/// Changes on top of the file. Looked at from the newest down, before the file is: whatever a
/// checkpoint takes away here is in the file by then.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// What the writer adds to.
    pub(super) active: Layer,
    /// What a checkpoint is bringing into the file.
    pub(super) frozen: Option<Arc<Layer>>,
}
