"""Auditors that are models: whom to call, and what their votes come to."""
