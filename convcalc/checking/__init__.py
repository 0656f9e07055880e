"""Checks a report against budgets, expectations, stored records and stored weights.

Finds insights, and audits Keras files.
"""
