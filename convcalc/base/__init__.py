"""Basic modules for all other packages. They import no other part of convcalc."""
