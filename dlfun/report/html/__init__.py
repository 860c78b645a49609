"""report.html: one self-contained page made from the record of a study alone."""

from dlfun.report.html.page import write_page, write_report

__all__ = ["write_page", "write_report"]
