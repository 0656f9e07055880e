"""Everything about the summary that Keras prints: its rows and totals, printing it, and parsing it."""
