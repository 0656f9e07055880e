"""Models of keras_nlp, which is the older name of keras_hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def models(quick: bool) -> Iterator[tuple[str, Any]]:
    """Yields the name and the builder of each model."""
    import keras_nlp

    small = {"vocabulary_size": 20, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12}
    for name in ("Bert", "DistilBert", "Roberta", "GPT2", "OPT", "Bart"):
        backbone = getattr(keras_nlp.models, f"{name}Backbone")
        yield name, lambda backbone=backbone: backbone(**small, max_sequence_length=10)
    classifier = keras_nlp.models.BertTextClassifier
    yield "BertTextClassifier", lambda: classifier(keras_nlp.models.BertBackbone(**small), num_classes=2)
