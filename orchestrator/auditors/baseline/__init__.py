"""What is unlike this agent: its habits from earlier runs, and near-misses that pile up."""

from orchestrator.auditors.baseline.auditor import BaselineAuditor

__all__ = ["BaselineAuditor"]
