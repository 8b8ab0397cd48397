"""The parts of a consolidation: what changed, which projects that touches, and colouring them part by part."""
