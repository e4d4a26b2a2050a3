"""The instrument for browsers.

In: ``generative.pt``, controls ``(1, K)`` -> waveform ``(1, n_samples)``. Out: the same function as ONNX, with its
metadata as JSON, which onnxruntime runs without Python, and so in a browser.
"""
