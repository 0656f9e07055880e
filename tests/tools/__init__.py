"""Our formats read by the programs that they are for: a browser, Graphviz, Mermaid, LaTeX, readers of SARIF and JUnit's XML; and
the plug-ins run by theirs: pre-commit, GitHub's steps, bash, zsh and fish (``pytest -m tools``).

What has to be there (Debian)::

    apt-get install --no-install-recommends chromium graphviz nodejs npm texlive-latex-base texlive-latex-recommended \\
        git zsh fish
    pip install '.[test,tools]'
    npm install --prefix .node mermaid@11        # or CONVCALC_MERMAID, the path of a mermaid.min.js

Without LaTeX its tests are skipped; without the others they fail.
"""
