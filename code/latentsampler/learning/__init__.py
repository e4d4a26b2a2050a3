"""What any model may need to learn: the training loop, conditioning layers, divergences and their regularisers.

In: samples, codes, modules and losses as tensors; out: trained modules, distances, principal axes. Knows no chapter.
"""
