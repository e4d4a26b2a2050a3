"""Single notes of any source -> annotated mels on disk: ``(mel (M, T), annotations)`` and ``waveform (n_samples,)``."""
