"""Analyses of models: :func:`infer` computes a :class:`Report` from a :class:`convcalc.model.Model`; a :class:`Study` adds further
analyses."""

from convcalc.analyse.inference import infer
from convcalc.analyse.report import CallReport, LayerReport, Report, Totals
from convcalc.analyse.study import Study

__all__ = ["CallReport", "LayerReport", "Report", "Study", "Totals", "infer"]
