"""Changes one thing in a model, and tests whether a check against a record of the original finds the change.

``python -m tests.model_changes`` makes thousands of changes. ``tests/snapshot/test_model_changes.py`` makes a part of them.
"""
