"""Compares convcalc's reports with models of packages, and with models of older versions of Keras. Each package builds and
saves its models, and convcalc reads the files without the package.

``python -m tests.live.packages`` installs every package of `packages.toml` and of `../packages_keras2/packages.toml`,
builds all models, and prints the table and the totals. ``python -m tests.live.packages kimm deepctr --folder FOLDER``
builds the models of two packages, and keeps the files. ``… --folder FOLDER --no-build`` compares the files that earlier
commands have built, so the whole can be built in parts.

`environment` installs Pythons' environments and packages, each set of versions into its own folder. It skips what the
machine or the registry does not have, with the reason. `zoo/` builds the models, and `record` saves the models and
records Keras's numbers for them; both run in a process that can import the packages. `../packages_keras2` has the zoo
and the script that records for Keras 2. `compare` runs convcalc on the files, in a process without the packages.
`newer` lets the installed Keras load a file of an older version: a number is wrong only if it contradicts both.
"""
