"""All work beside the votes: canaries that grade auditors, and auditors that audit each other."""
