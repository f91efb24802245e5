"""One guarded run: its turns, its escalations, its results."""
