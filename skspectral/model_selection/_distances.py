"""Distances between very many samples without a table of all of them."""

import numpy as np
from scipy.spatial.distance import cdist

__all__ = ["Distances"]

# of the table that exists at one time
BLOCK_BYTES = 2**24
# matrix products find the candidates for the largest distance; their rounding is far below this
SLACK = 1e-7


class Distances:
    """Euclidean distances between samples, or a sum of such distances, each relative to its largest.

    A table of 40,000 samples would take 12 GiB. Here single rows are computed when they are asked for, and the largest
    distance is found block by block, beginning with the samples that lie farthest out; both are the same numbers as in
    the table.

    Parameters
    ----------
    parts : list of ndarray of shape (n_samples, n_features)
        One matrix for plain distances; several are added up, each divided by its largest distance.
    """

    def __init__(self, parts):
        self._parts = [np.ascontiguousarray(part) for part in parts]
        self._scales = [1.0] * len(parts)
        if len(parts) > 1:
            self._scales = [Distances([part]).largest() or 1.0 for part in self._parts]
        # products of centred rows lose fewer digits
        self._centred = [(part - part.mean(axis=0)) / scale for part, scale in zip(self._parts, self._scales)]
        self._squares = [np.einsum("ij,ij->i", part, part) for part in self._centred]
        self._radius = sum(np.sqrt(square) for square in self._squares)

    def __len__(self):
        return len(self._parts[0])

    def largest(self):
        """Largest distance between two samples."""
        pair = self.farthest_pair(np.arange(len(self)))
        return float(self.row(pair[0])[pair[1]]) if len(pair) > 1 else 0.0

    def row(self, sample, among=slice(None)):
        """Distances (n_among,) of one sample to others."""
        return self._sum([cdist(part[[sample]], part[among])[0] for part in self._parts])

    def farthest_pair(self, among):
        """The two samples in ``among``, ascending positions, that are farthest apart.

        Of equally distant pairs it is the one that comes first; where all are equal the first two; one or none where
        there are fewer.
        """
        among = np.asarray(among)
        if len(among) < 2:
            return among.tolist()
        # those farthest out first: no distance is larger than the sum of two radii
        outer = among[np.argsort(-self._radius[among], kind="stable")]
        radius = self._radius[outer]
        start = outer[int(np.argmax(self.row(outer[0], outer)))]
        longest, found = 0.0, among[:2].tolist()
        size = max(1, BLOCK_BYTES // (8 * len(among)))
        candidates, begin = [start], 0
        while len(candidates):
            for i in candidates:
                distances = self.row(i, among)
                j = among[int(np.argmax(distances))]
                pair = sorted((int(i), int(j)))
                if distances.max() > longest or (distances.max() == longest > 0 and pair < found):
                    longest, found = distances.max(), pair
            candidates, begin = self._next_candidates(outer, radius, begin, size, longest * (1 - SLACK))
        return found

    def _next_candidates(self, outer, radius, begin, size, bound):
        """Samples of the next blocks with a distance above a bound, and where to go on; none at the end."""
        while begin < len(outer):
            end = int(np.searchsorted(-radius, radius[begin] - bound, side="right"))
            if end <= begin + 1 or bound <= 0:
                break
            rows, columns = outer[begin : min(begin + size, end)], outer[begin:end]
            near = self._approximate(rows, columns) >= bound
            # each sample is as far from itself as rounding has it
            near[np.arange(len(rows)), np.arange(len(rows))] = False
            begin += size
            found = rows[near.any(axis=1)]
            if len(found):
                return found, begin
        return [], begin

    def _approximate(self, rows, columns):
        """Distances (n_rows, n_columns) up to rounding."""
        total = 0.0
        for part, square in zip(self._centred, self._squares):
            distances = part[rows] @ part[columns].T
            distances *= -2.0
            distances += square[rows, None]
            distances += square[columns]
            np.maximum(distances, 0.0, out=distances)
            total += np.sqrt(distances, out=distances)
        return total

    def _sum(self, distances):
        if len(distances) == 1:
            return distances[0]
        return sum(distance / scale for distance, scale in zip(distances, self._scales))
