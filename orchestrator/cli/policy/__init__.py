"""`crossaudit policy`: look after rules, on their own and on recorded runs."""
