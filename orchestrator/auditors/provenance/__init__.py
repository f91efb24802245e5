"""Where the values of an action come from, and whose instructions it carries out."""

from orchestrator.auditors.provenance.auditor import ProvenanceAuditor

__all__ = ["ProvenanceAuditor"]
