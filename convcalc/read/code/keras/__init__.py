"""Layers and models of programs: how they are made, called and turned into models of convcalc."""
