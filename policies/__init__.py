"""What people review and sign, as data: constitution, rule packs, tool kinds, profiles.

A package only so that it installs. It holds no code; `orchestrator.rules` and
`orchestrator.config` read it.
"""
