"""Where all rules put their patterns, so that each text is read once for all of them."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.rules.patterns import PatternBank
from orchestrator.rules.programs import Programs
from orchestrator.rules.secrets import SecretScanner


class Banks(NamedTuple):
    """The patterns of a rule set, by what they look at, and what programs mean."""

    texts: PatternBank
    words: PatternBank
    paths: PatternBank
    hosts: PatternBank
    scanner: SecretScanner
    programs: Programs

    def close(self) -> None:
        """Compile the patterns; nothing can be added after."""
        for bank in (self.texts, self.words, self.paths, self.hosts):
            bank.close()


def open_banks(programs: Programs) -> Banks:
    """Return empty banks."""
    return Banks(
        texts=PatternBank(),
        words=PatternBank(),
        paths=PatternBank(whole=True),
        hosts=PatternBank(whole=True),
        scanner=SecretScanner(),
        programs=programs,
    )
