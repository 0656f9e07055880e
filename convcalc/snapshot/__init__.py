"""What is stored of a model: read from a text, a JSON report or a model file."""
