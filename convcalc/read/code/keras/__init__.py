"""Layers and models of programs: creates and calls them, and converts them to models of convcalc."""
