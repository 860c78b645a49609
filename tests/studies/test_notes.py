"""What is said of a VAE whose figures are not all numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from dlfun.studies.population.remarks import generative_note

GOOD, BAD, FAILED = (-10.0, "ok"), (np.nan, "ok"), (np.nan, "failed")


def note(*runs, samples=0):
    rows = [
        {"test_elbo": v, "test_log_likelihood": v, "test_active_units": 0 * v + 4, "status": s}
        if s == "failed"
        else {"test_elbo": v, "test_log_likelihood": v, "test_active_units": 4.0, "status": s}
        for v, s in runs
    ]
    settings = SimpleNamespace(shape=SimpleNamespace(latent=8), likelihood_samples=samples)
    return generative_note(SimpleNamespace(dataset="d", model="vae", rows=rows, settings=settings))


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((GOOD, (-20.0, "ok")), "test ELBO -15.00 nats;"),
        ((GOOD, FAILED), "test ELBO -10.00 nats;"),
        ((GOOD, BAD), "test ELBO -10.00 nats in 1 of 2 runs, else not finite;"),
        ((GOOD, (-np.inf, "ok"), FAILED), "test ELBO -10.00 nats in 1 of 2 runs, else not finite;"),
        ((BAD, FAILED), "test ELBO not finite in any run;"),
    ],
)
def test_a_bound_that_is_no_number_is_said_in_words(runs, said):
    found = note(*runs)
    assert said in found
    assert "4 of 8 latent dimensions" in found
    assert "nan" not in found


def test_one_importance_sample_is_one():
    assert "log-likelihood -10.00 nats (1 importance sample);" in note(GOOD, samples=1)
