"""Made-up populations of agents and auditors in which it is known who colludes, and how."""
