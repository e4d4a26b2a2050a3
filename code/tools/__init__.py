"""Commands about the project itself: demo, shipped weights, report, archive."""
