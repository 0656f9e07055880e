"""Analyses of models: shapes, parameters, memory, FLOPs and receptive fields.

:func:`infer` computes the report of a model. A :class:`Study` adds the other analyses.
"""

from convcalc.analyse.inference import infer, infer_part
from convcalc.analyse.report import CallReport, LayerReport, Report, Totals
from convcalc.analyse.study import Study

__all__ = ["CallReport", "LayerReport", "Report", "Study", "Totals", "infer", "infer_part"]
