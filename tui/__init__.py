"""The terminal UI: one cockpit for live runs and recorded ones. It reads projections only."""
