"""Whatever judges a turn beside the rules: code without a model, and models."""
