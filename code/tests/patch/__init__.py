"""The patch: geometry, MIDI, presets, clean opening, pictures."""
