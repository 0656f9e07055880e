"""Files that Keras writes."""
