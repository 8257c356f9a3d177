from __future__ import annotations

import numpy as np

from chatbot.learning.grouping import TOGETHER, clusters
from chatbot.learning.vectors import Floats


def directions(*degrees: float) -> Floats:
    """Unit vectors in a plane."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_what_points_the_same_way_is_together_and_the_rest_stands_alone() -> None:
    assert sorted(map(sorted, clusters(directions(0, 90, 4, 94, 180)))) == [[0, 2], [1, 3], [4]]


def test_the_one_nearest_the_middle_comes_first_and_of_equals_the_first_row() -> None:
    assert clusters(directions(20, 0, 12, -5)) == [[2, 1, 3, 0]]
    assert clusters(directions(7, 7, 7)) == [[0, 1, 2]]


def test_groups_are_joined_by_the_mean_of_their_likeness_not_by_their_nearest_members() -> None:
    chain = directions(0, 29, 60, 90, 121)
    assert sorted(map(sorted, clusters(chain, together=0.5))) == [[0, 1], [2, 3, 4]]  # 31 degrees lie between the two
    assert len(clusters(chain, together=-1)) == 1


def test_one_text_alone_is_a_group() -> None:
    assert clusters(directions(45)) == [[0]]


def test_opposites_and_repeated_vectors_are_no_trouble() -> None:
    assert sorted(map(sorted, clusters(directions(0, 180, 0, 180)))) == [[0, 2], [1, 3]]
    assert TOGETHER > 0
