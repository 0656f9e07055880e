"""Compares convcalc's reports with models of packages, and with models of older versions of Keras.

Each package builds and saves its models. convcalc then reads the files without the package.

``python -m tests.live.packages`` installs every package of `packages.toml` and `../packages_keras2/packages.toml`, builds all
models, and prints the table and the totals. ``python -m tests.live.packages kimm deepctr --folder FOLDER`` builds the models of two
packages, and keeps the files. ``… --folder FOLDER --resume`` continues a command that was stopped. ``… --folder FOLDER --no-build``
compares only files that earlier commands have built.

- `environment` installs each set of versions into its own folder. It skips versions that are not available, and prints the reason.
- `zoo/` builds the models. `record` saves them and records Keras's numbers. Both run in a process that can import the packages.
- `../packages_keras2` has the models for Keras 2, and the script that saves and records them.
- `compare` runs convcalc on the files, in a process without the packages.
- `newer` loads a file of an older Keras with the installed Keras. A number is wrong only if it contradicts both versions.
"""
