"""Verdict matrices from elsewhere: many judges, many ratees, and what their scores are evidence of."""
