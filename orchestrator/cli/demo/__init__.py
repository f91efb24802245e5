"""`crossaudit demo`: one run that shows every kind of decision, computed then and there."""
