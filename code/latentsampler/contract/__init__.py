"""Module -> file that plays: TorchScript with its metadata inside, and the map of notes beside it."""
