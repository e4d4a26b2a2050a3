"""Seed -> 2,400 notes of 16 synthetic instruments, ``(32768,)`` samples each, and their table."""
