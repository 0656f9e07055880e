"""Analyses: a :class:`convcalc.model.Model` to a :class:`Report`."""

from convcalc.analyse.inference import infer
from convcalc.analyse.report import CallReport, LayerReport, Report, Totals

__all__ = ["CallReport", "LayerReport", "Report", "Totals", "infer"]
