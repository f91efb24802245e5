"""The oversight auditor: signs that an agent models or evades what watches it."""
