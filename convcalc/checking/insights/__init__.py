"""Insights: likely mistakes in a model, and layers with high costs.

Each rule is a function with a code, such as ``unread-input``. Its docstring is shown by ``convcalc explain CODE`` and
in docs/insights.md: a title, then why the insight matters and what to do. An insight is not an error. An unknown number
gives no insight, because comparisons with it are false.
"""

from __future__ import annotations

from convcalc.analyse.study import Study

# The order of these imports is the order of the rules.
from convcalc.checking.insights import costs, neighbours, structure, windows  # noqa: F401
from convcalc.checking.insights.rules import INSIGHT_RULES as INSIGHT_RULES
from convcalc.checking.insights.rules import Insight as Insight
from convcalc.checking.insights.rules import InsightRule as InsightRule


def insights(report: Study) -> tuple[Insight, ...]:
    """Returns all insights of a model, in the order of the rules."""
    return tuple(
        Insight(rule.code, path, message) for rule in INSIGHT_RULES.values() for path, message in rule.find(report)
    )
