"""The chapters: each turns one thing into another, and knows no other chapter.

A folder here is a chapter; its ``experiment`` is found by the folder's name, its commands by ``cli``.
"""
