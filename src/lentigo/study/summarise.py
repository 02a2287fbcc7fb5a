"""From finished runs to the study's result: every figure is made here."""

from collections.abc import Mapping
from typing import Any

from lentigo.evaluation.bootstrap import Bootstrap
from lentigo.study.compare import verdict
from lentigo.study.document import ClaimResult, Measured, Outcome, RowResult, StudyResult
from lentigo.study.results import Result, Runs
from lentigo.study.schema import Claim, Study
from lentigo.study.settings import Settings, leaders
from lentigo.study.task import StudyTask
from lentigo.study.tasks import TASKS
from lentigo.training.recipe import Recipe


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
    bootstrap, task = bootstrap or Bootstrap(), TASKS[study.task]
    first = leaders(recipes)
    reference = first[study.reference]
    measured = {
        name: _measured(
            task, runs, None if name == reference else results.get(reference), bootstrap
        )
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
    done = [run for runs in results.values() for run in _by_seed(runs)]
    controls = task.controls(study, done[0], bootstrap) if done else ()
    return StudyResult(study, settings, bootstrap, rows, claims, controls)


def _measured(
    task: StudyTask[Any], runs: Runs, reference: Runs | None, bootstrap: Bootstrap
) -> Measured:
    seeds = tuple(sorted(runs))
    done = _by_seed(runs)
    record, others = done[0].record, reference or {}
    validation, test = task.scores(done, bootstrap)
    return Measured(
        seeds=seeds,
        validation=validation,
        test=test,
        difference={
            metric: task.difference(*_paired(runs, others), metric, bootstrap)
            for metric in task.titles
        }
        if others
        else None,
        score_by_seed={seed: task.score(runs[seed]) for seed in seeds},
        difference_by_seed={
            seed: task.score(runs[seed]) - task.score(others[seed])
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


def _by_seed(runs: Runs) -> list[Result]:
    return [runs[seed] for seed in sorted(runs)]


def _paired(runs: Runs, others: Runs) -> tuple[list[Result], list[Result]]:
    """Return two rows' runs of the seeds that both have; all, where they have none in common.

    A seed moves the rows alike, so that one which only one row has would count as a difference.
    """
    if common := runs.keys() & others.keys():
        runs, others = ({seed: one[seed] for seed in common} for one in (runs, others))
    return _by_seed(runs), _by_seed(others)


def _judged(
    study: Study,
    claim: Claim,
    first: Mapping[str, str],
    results: Mapping[str, Runs],
    bootstrap: Bootstrap,
) -> ClaimResult:
    better, than = first[claim.better], first[claim.than]
    metric, difference = study.metric(claim), None
    outcome: Outcome = "not run"
    if better == than:
        outcome = "same run"
    elif (ours := results.get(better)) and (others := results.get(than)):
        difference = TASKS[study.task].difference(*_paired(ours, others), metric, bootstrap)
        outcome = verdict(difference)
    return ClaimResult(
        claim=claim,
        metric=metric,
        better=study.number(claim.better),
        than=study.number(claim.than),
        reported=_reported_difference(study, claim),
        difference=difference,
        verdict=outcome,
    )


def _reported_difference(study: Study, claim: Claim) -> float | None:
    """Return the difference as given, or that of the rows' reported figures."""
    figure = study.terms.metrics[study.metric(claim)]
    better, than = (
        (study.rows[study.number(name) - 1].reported or {}).get(figure)
        for name in (claim.better, claim.than)
    )
    if claim.reported_difference is not None or better is None or than is None:
        return claim.reported_difference
    # As many digits as the study prints: a difference of 0.0013 is not 0.00130000000000008.
    return round(better - than, 5)
