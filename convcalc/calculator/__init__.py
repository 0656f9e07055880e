"""The calculator: one window from numbers alone, without a model. It imports what the question needs, and no engine."""
