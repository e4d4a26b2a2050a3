"""Listeners' answers -> how good each system sounds.

In: files that the book's listening page saves, ratings of ``(trials, systems)`` from 0 to 100 each. Out: a mean and
a confidence interval per system.
"""
