"""People: whom to ask, what they answered, and what ran without being asked about."""
