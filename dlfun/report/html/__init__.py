"""report.html: one self-contained page made from the record of a study alone.

Sections give blocks of plain data, and templates render them: no script, nothing from elsewhere.
"""

from dlfun.report.html.page import write_page, write_report

__all__ = ["write_page", "write_report"]
