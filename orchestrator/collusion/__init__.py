"""The collusion graph: who agrees with whom, on what, and what that is evidence of."""
