"""The ambience: soft, of the right length, and the same again for the same still."""

import numpy as np
import pytest

from generations.engine.render.sound import LOUDNESS, RATE, ambience


def test_it_has_two_channels_of_the_length_of_the_video():
    assert ambience(6, seed=1).shape == (2, 6 * RATE)


def test_it_is_soft_and_fades_at_both_ends():
    sound = ambience(6, seed=1)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(LOUDNESS, rel=0.01)
    assert np.abs(sound).max() < 0.9
    assert np.abs(sound[:, [0, -1]]).max() < 1e-4


def test_the_same_seed_sounds_the_same_and_another_does_not():
    assert np.array_equal(ambience(2, seed=1), ambience(2, seed=1))
    assert not np.array_equal(ambience(2, seed=1), ambience(2, seed=2))
