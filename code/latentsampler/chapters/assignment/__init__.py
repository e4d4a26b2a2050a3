"""Distance matrix -> assignment.

In: distances ``(batch, R, C)`` of R references and C predictions, with presence of rows ``(batch, R)`` and of columns
``(batch, C)``. Out: logits ``(batch, R, C)``; above 0 = the two belong together. A trained network leaves as
``assignment.pt``.
"""
