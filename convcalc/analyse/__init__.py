"""Analyses: :func:`infer` turns a :class:`convcalc.model.Model` into a :class:`Report`; a :class:`Study` analyses that further."""

from convcalc.analyse.inference import infer
from convcalc.analyse.report import CallReport, LayerReport, Report, Totals
from convcalc.analyse.study import Study

__all__ = ["CallReport", "LayerReport", "Report", "Study", "Totals", "infer"]
