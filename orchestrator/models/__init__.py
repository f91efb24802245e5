"""Access to language models: one protocol, adapters, retries, limits, prices, cassettes."""
