"""Checks a report against budgets, expectations, records and stored weights. Also finds insights."""
