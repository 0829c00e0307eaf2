"""The report of a training run: one HTML file that needs nothing else."""

from visualization.report.writing import report_html, write_report

__all__ = ["report_html", "write_report"]
