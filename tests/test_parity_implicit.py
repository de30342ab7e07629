"""Item neighbours from `normalize_rows` and `top_k` equal those of the implicit library."""

import numpy as np
import pytest
from scipy import sparse

from helpers import similarity

implicit = pytest.importorskip("implicit.nearest_neighbours")


def assert_same_neighbours(matrix, k):
    """Compare values everywhere, and columns wherever no other item has nearly the same value."""
    rows = similarity.normalize_rows(sparse.csr_array(matrix.T))
    columns, scores = similarity.top_k(rows, rows, k)
    model = implicit.CosineRecommender(K=k, num_threads=2)
    model.fit(sparse.csr_matrix(matrix).astype(np.float64), show_progress=False)
    ours = sparse.csr_array((scores.ravel(), columns.ravel(), np.arange(0, columns.size + 1, k)))
    theirs = sparse.csr_array(model.similarity)
    theirs.resize(ours.shape)
    for item in range(rows.shape[0]):
        values = np.sort(theirs[[item]].data)[::-1]
        values = np.pad(values, (0, k - len(values)))  # implicit leaves out what shares nothing
        np.testing.assert_allclose(scores[item], values, atol=1e-5)
        clear = columns[item][scores[item] > scores[item][-1] + 1e-5]
        assert set(clear) <= set(theirs[[item]].indices)


@pytest.mark.filterwarnings("ignore")
def test_random_matrix():
    rng = np.random.default_rng(0)
    assert_same_neighbours(
        sparse.random_array((200, 150), density=0.08, rng=rng, format="csr"), 10
    )


@pytest.mark.filterwarnings("ignore")
def test_real_baskets():
    data = pytest.importorskip("helpers.data")
    lines = data.load_groceries().lines
    counts = lines.groupby("product", observed=True)["household"].nunique()
    lines = lines[lines["product"].isin(counts.nlargest(1500).index)]
    bought = data.Interactions.from_frame(lines, user="household", item="product")
    assert_same_neighbours((bought.matrix > 0).astype(np.float64), 20)
