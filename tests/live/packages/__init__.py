"""Models of packages for Keras 3: built and saved with the package, read by convcalc without it, and compared.

``python -m tests.live.packages`` installs every package of `packages.toml`, builds all models, and prints the table.
``python -m tests.live.packages kimm k3im --folder FOLDER`` builds those of two packages, and keeps the files.

`environment` installs the packages, each set of packages into a folder of its own. `zoo/` builds the models, `record`
saves them and writes down what Keras says of them; both run in a process that sees the packages. `compare` runs convcalc
on the files, and runs without the packages.
"""
