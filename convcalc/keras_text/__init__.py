"""Prints and parses the summary of Keras: the table of layers, and the totals."""
