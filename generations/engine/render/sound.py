"""A soft synthesized ambience: noise shaped in the frequency domain. The same seed gives the same sound."""

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
LOUDNESS = 10 ** (-30 / 20)  # rms, relative to full scale
FADE_SECONDS = 0.35

Samples = NDArray[np.float32]


def ambience(seconds: int, seed: int) -> Samples:
    """Return (2, seconds x RATE) samples in -1..1 that fade in and out."""
    random = np.random.default_rng(seed)
    count = seconds * RATE
    middle, side = _air(random, count), _air(random, count)
    stereo = np.stack([middle + 0.5 * side, middle - 0.5 * side])
    stereo *= _swell(random, count) * _fades(count)
    stereo *= LOUDNESS / np.sqrt(np.mean(stereo**2))
    return np.asarray(np.clip(stereo, -0.9, 0.9), np.float32)


def _air(random: np.random.Generator, count: int) -> Samples:
    """Return noise that falls toward high frequencies, like wind heard indoors, without rumble."""
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.zeros_like(frequencies)
    shape[1:] = 1 / (1 + (frequencies[1:] / 220) ** 1.4) * (1 - np.exp(-((frequencies[1:] / 50) ** 2)))
    spectrum = shape * np.exp(2j * np.pi * random.random(len(frequencies)))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / np.std(noise), np.float32)


def _swell(random: np.random.Generator, count: int) -> Samples:
    """Return a level that slowly rises and falls and never reaches zero."""
    time = np.arange(count, dtype=np.float32) / RATE
    swell = np.ones(count, np.float32)
    for period in (3.7, 6.1, 11.0):
        swell += 0.18 * np.sin(2 * np.pi * (time / period + random.random())).astype(np.float32)
    return swell


def _fades(count: int) -> Samples:
    length = int(FADE_SECONDS * RATE)
    rise = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    fades = np.ones(count, np.float32)
    fades[:length], fades[-length:] = rise, rise[::-1]
    return fades
