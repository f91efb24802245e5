"""A server on the loopback that speaks the providers' protocols, and fails in every way they do."""
