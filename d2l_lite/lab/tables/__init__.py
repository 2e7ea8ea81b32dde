"""Tables of the pages and of the README, computed from the records."""
