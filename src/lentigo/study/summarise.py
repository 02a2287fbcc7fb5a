"""From finished runs to the study's result: every figure is made here."""

from collections.abc import Mapping

import polars as pl

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.study.compare import COLUMNS, paired_difference, scores, verdict
from lentigo.study.document import ClaimResult, Measured, Outcome, RowResult, StudyResult
from lentigo.study.results import Result
from lentigo.study.schema import Claim, Study
from lentigo.study.settings import Settings, leaders
from lentigo.training.recipe import Recipe

Runs = Mapping[int, Result]
"""A row's finished runs by seed."""


def summarise(
    study: Study,
    recipes: Mapping[str, Recipe],
    settings: Settings,
    results: Mapping[str, Runs],
    faults: Mapping[str, str],
    bootstrap: Bootstrap | None = None,
) -> StudyResult:
    """Put a study's results together.

    Args:
        study: The study.
        recipes: Each row's recipe with the settings applied.
        settings: What the study is run with.
        results: The finished runs of each row that is trained itself.
        faults: Why a row could not be trained.
        bootstrap: How the intervals are drawn; 1,000 draws at 95 % if not given.
    """
    bootstrap = bootstrap or Bootstrap()
    first = leaders(recipes)
    reference = first[study.reference]
    measured = {
        name: _measured(runs, None if name == reference else results.get(reference), bootstrap)
        for name, runs in results.items()
        if runs
    }
    rows = tuple(
        RowResult(
            number=number,
            row=row,
            recipe=recipes[row.recipe],
            same_as=study.number(leader) if leader != row.recipe else None,
            fault=faults.get(leader),
            measured=measured.get(leader),
        )
        for number, row in enumerate(study.rows, start=1)
        for leader in (first[row.recipe],)
    )
    claims = tuple(_judged(study, claim, first, results, bootstrap) for claim in study.claims)
    return StudyResult(study, settings, bootstrap, rows, claims)


def _measured(runs: Runs, reference: Runs | None, bootstrap: Bootstrap) -> Measured:
    seeds = tuple(sorted(runs))
    done = [runs[seed] for seed in seeds]
    tests, record = _tests(runs), done[0].record
    others = reference or {}
    return Measured(
        seeds=seeds,
        validation=scores([result.validation for result in done], bootstrap),
        test=scores(tests, bootstrap),
        difference={
            metric: paired_difference(tests, _tests(others), metric, bootstrap)
            for metric in COLUMNS
        }
        if others
        else None,
        jaccard_by_seed={seed: _mean_jaccard(runs[seed]) for seed in seeds},
        difference_by_seed={
            seed: _mean_jaccard(runs[seed]) - _mean_jaccard(others[seed])
            for seed in seeds
            if seed in others
        },
        weights=record.weights,
        parameters=record.parameters,
        gmacs=record.gmacs,
        training_s=sum(result.record.training_s for result in done) / len(done),
        n_train=record.n_train,
        n_validation=record.n_validation,
        device=record.device,
        engine=record.engine,
        history=record.history,
    )


def _tests(runs: Runs) -> list[pl.DataFrame]:
    return [runs[seed].test for seed in sorted(runs)]


def _mean_jaccard(result: Result) -> float:
    return float(result.test["jaccard"].to_numpy().mean())


def _judged(
    study: Study,
    claim: Claim,
    first: Mapping[str, str],
    results: Mapping[str, Runs],
    bootstrap: Bootstrap,
) -> ClaimResult:
    better, than = first[claim.better], first[claim.than]
    difference = None
    outcome: Outcome = "not run"
    if better == than:
        outcome = "same run"
    elif (ours := results.get(better)) and (others := results.get(than)):
        difference = paired_difference(_tests(ours), _tests(others), claim.metric, bootstrap)
        outcome = verdict(difference)
    return ClaimResult(
        claim=claim,
        better=study.number(claim.better),
        than=study.number(claim.than),
        reported=_reported_difference(study, claim),
        difference=difference,
        verdict=outcome,
    )


def _reported_difference(study: Study, claim: Claim) -> float | None:
    """Return the difference as given, or that of the rows' reported figures."""
    better, than = (
        study.rows[study.number(name) - 1].reported for name in (claim.better, claim.than)
    )
    if claim.reported_difference is not None or not better or not than:
        return claim.reported_difference
    field = COLUMNS[claim.metric]
    # As many digits as the study prints: a difference of 0.0013 is not 0.00130000000000008.
    return round(float(getattr(better, field)) - float(getattr(than, field)), 5)
