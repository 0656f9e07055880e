"""All that knows the text that Keras prints: its rows and totals, writing it and reading it."""
