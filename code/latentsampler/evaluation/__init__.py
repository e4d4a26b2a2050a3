"""Figures of what was learnt -> how sure they are: intervals, two-sample tests, disentanglement, probes.

In: arrays of figures or codes (n, L); out: numbers with their intervals.
"""
