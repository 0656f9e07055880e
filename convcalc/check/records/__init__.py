"""Records: what is written down of a model, by Keras, by us, or as another model; read, and made of a report."""
