"""Reports to problems."""
