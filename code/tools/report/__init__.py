"""Records -> report/report.pdf and report/studies.pdf: their numbers, tables and figures."""
