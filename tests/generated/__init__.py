"""Runs of our own making: tool worlds, users, injections, and agents that follow or resist."""
