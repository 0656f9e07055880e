"""The foundation of all other packages. Nothing here imports another part of convcalc."""
