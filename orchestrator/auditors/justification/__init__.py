"""The justification auditor: what an agent claims, against what is on record."""
