"""The frame of a page: one HTML file that loads nothing and runs only its own scripts.

Styles and scripts are named by their hashes in a content security policy, so that what
is written into the page by mistake neither runs nor asks the network for anything.
"""

import base64
import hashlib
import html
import pathlib
import re
import string

TEMPLATES = pathlib.Path(__file__).parent / "templates"


def document_html(title, header, sections, footer, styles=(), scripts=(), data=None):
    """A whole page.

    Args:
        title: Of the window, plain text.
        header: HTML above the list of the sections.
        sections: HTML of each section by its heading.
        footer: Plain text.
        styles, scripts: Texts added to those that every page has (tables.js sorts and
            filters).
        data: JSON without "<" that the scripts find in the element "data", or None.

    Returns:
        HTML, with everything that it needs inside.
    """
    style = "\n".join([template(TEMPLATES / "page.css"), *styles])
    script = "\n".join([template(TEMPLATES / "tables.js"), *scripts])
    ids = {name: re.sub(r"\W+", "-", name.lower()) for name in sections}
    return string.Template(template(TEMPLATES / "page.html")).substitute(
        policy=_policy(style, script),
        title=html.escape(title),
        style=style,
        script=script,
        data="" if data is None else _data_html(data),
        header=header,
        contents="".join(
            f'<li><a href="#{ids[name]}">{html.escape(name)}</a></li>'
            for name in sections
        ),
        main="\n".join(
            f'<section id="{ids[name]}"><h2>{html.escape(name)}</h2>\n{text}</section>'
            for name, text in sections.items()
        ),
        footer=html.escape(footer),
    )


def template(path):
    """The text of a file in a folder of templates."""
    return pathlib.Path(path).read_text(encoding="utf-8")


def _data_html(data):
    """JSON in an element that is not run; nothing in it can end the element."""
    if "<" in data:
        raise ValueError("data for a page must not hold '<'; write \\u003c.")
    return f'<script type="application/json" id="data">{data}</script>\n'


def _policy(style, script):
    """A content security policy: nothing is loaded, only our own script runs."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text):
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
