"""HTML pages that need nothing else: their frame, and tables that can be sorted."""

from visualization.pages.document import document_html, template
from visualization.pages.tables import Cell, facts_html, search_html, table_html

__all__ = [
    "Cell",
    "document_html",
    "facts_html",
    "search_html",
    "table_html",
    "template",
]
