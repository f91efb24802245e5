"""The append-only store: one hash chain a run, one writer a run, any number of readers."""
