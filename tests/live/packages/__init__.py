"""Compares convcalc's reports with models of packages for Keras 3. Each package builds and saves its models, and
convcalc reads the files without the package.

``python -m tests.live.packages`` installs every package of `packages.toml`, builds all models, and prints the table.
``python -m tests.live.packages kimm k3im --folder FOLDER`` builds the models of two packages, and keeps the files.

`environment` installs the packages, each set of packages into its own folder. `zoo/` builds the models, and `record`
saves the models and records Keras's numbers for them; both run in a process that can import the packages. `compare`
runs convcalc on the files, in a process without the packages.
"""
