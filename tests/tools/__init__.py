"""Tests with other programs (``pytest -m tools``).

A browser, Graphviz, Mermaid, LaTeX, and readers of SARIF and JUnit's XML read convcalc's formats. pre-commit, the steps
of the GitHub action, bash, zsh and fish run convcalc's commands.

Required programs (Debian)::

    apt-get install --no-install-recommends chromium graphviz nodejs npm texlive-latex-base texlive-latex-recommended \\
        git zsh fish
    pip install '.[test,tools]'
    npm install --prefix .node mermaid@11        # or CONVCALC_MERMAID, the path of a mermaid.min.js

If LaTeX is missing, the tests with LaTeX are skipped. If another program is missing, its tests fail.
"""
