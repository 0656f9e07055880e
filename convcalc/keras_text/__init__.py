"""The summary that Keras prints: its rows and totals, printing and parsing."""
