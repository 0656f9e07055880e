"""What every other package stands on: nothing here imports another part of convcalc."""
