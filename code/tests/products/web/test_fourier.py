"""Real arithmetic for what a recording holds of complex numbers: equal to torch's, in closed form, or refused."""

import pytest
import torch
from latentsampler.products.web import fourier
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

from tests import rounding


class Filtered(nn.Module):
    """A spectrum, turned and weighted, and its samples."""

    def forward(self, samples):
        """Return as many samples."""
        spectrum = torch.fft.rfft(samples)
        turned = torch.complex(-spectrum.imag, spectrum.real)
        back = torch.view_as_complex(torch.view_as_real(turned) * 0.5)
        return torch.fft.irfft(back * torch.arange(back.shape[-1]), samples.shape[-1])


@pytest.mark.parametrize("n", [4, 8, 20, 1024])
def test_both_transforms_equal_torchs_within_rounding(n):
    samples = torch.randn(3, 2, n, generator=torch.Generator().manual_seed(0))
    spectrum = torch.fft.rfft(samples)
    tables, parts = fourier.tables(n), torch.view_as_real(spectrum)
    allowed = rounding.bound(lambda: fourier.forward(samples, *tables))
    assert (fourier.forward(samples, *tables) - parts).abs().max() <= allowed < 1e-4 * spectrum.abs().max()
    allowed = rounding.bound(lambda: fourier.inverse(parts, *tables))
    assert (fourier.inverse(parts, *tables) - samples).abs().max() <= allowed < 1e-4


def test_the_transform_of_a_cosine_is_half_its_samples_in_its_bin():
    samples = torch.cos(2.0 * torch.pi * 3.0 * torch.arange(64) / 64)
    spectrum = fourier.forward(samples, *fourier.tables(64))
    assert float(spectrum[3, 0]) == pytest.approx(32.0, abs=1e-4)
    assert spectrum[:, 1].abs().max() < 1e-4 and spectrum[torch.arange(33) != 3].abs().max() < 1e-4


def test_a_recording_becomes_real_and_stays_equal_within_rounding():
    samples = torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    graph = make_fx(Filtered())(samples)
    fourier.real_arithmetic(graph)
    graph.recompile()
    allowed = rounding.bound(lambda: graph(samples))
    assert (graph(samples) - Filtered()(samples)).abs().max() <= allowed < 1e-3
    assert sum(len(buffer) for name, buffer in graph.named_buffers() if "cosine" in name) == 2 * 17  # one set of tables


@pytest.mark.parametrize(("function", "message"), [
    (lambda x: torch.view_as_real(torch.fft.rfft(x).square()), "expected of complex numbers only .*, got aten.pow"),
    (lambda x: torch.view_as_real(torch.fft.rfft(x) * torch.fft.rfft(x)), "got aten.mul.Tensor"),
    (lambda x: torch.view_as_real(torch.fft.rfft(x, dim=0)), r"transforms of the last axis.*_fft_r2c.default \(\[0\]"),
    (lambda x: torch.view_as_real(torch.fft.rfft(x, norm="ortho")), "got aten._fft_r2c.default"),
    (lambda x: torch.view_as_real(torch.fft.rfft(x[:, :6])), "a multiple of four samples, got 6"),
])
def test_other_uses_of_complex_numbers_are_refused_by_name(function, message):
    with pytest.raises(ValueError, match=message):
        fourier.real_arithmetic(make_fx(function)(torch.zeros(8, 64)))
