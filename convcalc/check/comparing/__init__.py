"""Two records held against each other: which layer of one is which of the other, and what differs."""
