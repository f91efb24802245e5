"""The constitution and the rule packs: compiled once, run on every action, with no model."""
