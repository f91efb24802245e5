"""Verdict matrices from elsewhere, and what their scores are evidence of."""
