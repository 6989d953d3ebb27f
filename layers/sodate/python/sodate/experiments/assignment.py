"""Who gets which variant: by a hash, so that anybody can compute it again and nothing is drawn. Pure."""

from collections.abc import Sequence


def variant_at(weights: Sequence[tuple[str, float]], bucket: float) -> str:
    """The variant of a unit with this random number (`conditions.evaluate.random_bucket`).

    Variants divide the numbers from 0 to 100 in their order, so a change of a weight moves the borders only. `weights`:
    at least one is positive.
    """
    point, border = bucket / 100 * sum(weight for _, weight in weights), 0.0
    for variant, weight in weights:
        border += weight
        if point < border:
            return variant
    return next(variant for variant, weight in reversed(weights) if weight)
