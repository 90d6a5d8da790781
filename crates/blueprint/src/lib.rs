//! Blueprint files: YAML and CEL, checked, drawn, and translated to the engine's blueprints.
