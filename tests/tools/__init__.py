"""Our formats read by the programs that they are for: a browser, Graphviz, Mermaid and LaTeX (``pytest -m tools``).

What has to be there (Debian)::

    apt-get install --no-install-recommends chromium graphviz nodejs npm texlive-latex-base texlive-latex-recommended
    npm install --prefix .node mermaid@11        # or CONVCALC_MERMAID, the path of a mermaid.min.js

Without LaTeX its tests are skipped; without the others they fail.
"""
