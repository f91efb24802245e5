"""Auditors that are models: their rubrics, what they are shown, and how their words are checked."""
