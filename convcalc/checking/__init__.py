"""Checks of a report: budgets, expectations, stored records, stored weights; insights; and the audit of a Keras file."""
