"""Single notes of any source -> annotated mels on disk.

In: sounds and their names. Out, per note: mel ``(n_mels, n_frames)``, waveform ``(n_samples,)``, annotations.
"""
