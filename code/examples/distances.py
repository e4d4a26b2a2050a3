"""How far a cloud of codes is from the prior: ``divergences``, ``transport``."""

import torch
from latentsampler.learning.divergences import cramer_wold, kl, mmd_imq
from latentsampler.learning.transport import directions, sinkhorn, sliced_wasserstein

generator = torch.Generator().manual_seed(0)
lines = directions(4, 1000, generator)
prior, other = torch.randn(2, 512, 4, generator=generator)
table = {}
for shift in (0.0, 1.0, 2.0):
    codes = other + shift
    mean = torch.full_like(codes, shift)
    table[shift] = {"mmd": float(mmd_imq(codes, prior)), "cramer-wold": float(cramer_wold(codes)),
                    "sliced": float(sliced_wasserstein(codes, prior, lines)), "sinkhorn": float(sinkhorn(codes, prior)),
                    "kl": float(kl(mean, torch.zeros_like(mean)))}
    print(f"shift {shift}: " + ", ".join(f"{name} {value:.3f}" for name, value in table[shift].items()))
