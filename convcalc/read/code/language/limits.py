"""The limits for one program, so that hostile code cannot take long."""

MAX_STEPS = 3_000_000  # the maximum number of expressions and statements to follow in one program
MAX_ELEMENTS = 200_000  # the maximum number of elements in a list, text or range that convcalc computes
MAX_BITS = 2_048  # the maximum number of bits of a whole number
MAX_YIELDED = 10_000  # the maximum number of values that a generator may yield
MAX_ENDLESS = 300  # convcalc computes this many values of an endless generator
MAX_DEPTH = 60  # the maximum depth of nested calls in a program
MAX_ROUNDS = 2_000  # the maximum number of rounds of a loop; variables that a longer loop changes are unknown
MAX_TRAINING_ROUNDS = 2  # the maximum number of rounds of a loop that trains a model, for example with `train_on_batch`
# the maximum number of unknown tests and loops in one loop; a longer loop is not supported to its end
MAX_UNKNOWN_TESTS = 1_000
MAX_LOOP_STEPS = 200_000  # the maximum number of steps of a loop; variables that a longer loop changes are unknown
