"""Records -> report/report.pdf: its numbers, tables and figures."""
