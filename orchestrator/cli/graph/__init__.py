"""`crossaudit graph`: who agrees with whom, on what."""
