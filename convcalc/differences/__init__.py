"""The differences between two snapshots: which layers are the same, and what changed in them."""
