"""What lies over the cockpit for a while."""
