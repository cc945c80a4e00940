"""Dead ReLUs: rectified units that are zero for every film, so that no gradient passes them."""

from __future__ import annotations

from deepcovid.training.monitor.course import Course, Layer
from deepcovid.training.monitor.finding import Finding
from deepcovid.training.monitor.symptom import symptom

WHOLE = 0.95  # of a layer's units: almost nothing passes it, whether it was so at the start or not
DIED = 0.8  # of a layer's units: alive at the start and dead now
UNITS = 32  # of a layer from which on a share is one
EPOCHS = 2  # in a row
FILMS = 8  # of validation: a unit may be silent for fewer
RULE = (
    f"At the end of {EPOCHS} epochs in a row at least {DIED:.0%} of a layer's units (of {UNITS} or more) that were "
    f"above zero for some film before the first step are zero for every "
    f"validation film (of {FILMS} or more), or {WHOLE:.0%} of its units are, whether they were so at the start or "
    f"not. A unit is a channel of a feature map or "
    "one number of a dense layer; units that were dead at the start count for the second only."
)


@symptom(name="dead-units", title="Dead ReLUs", rule=RULE, place=70)
def dead_units(course: Course) -> Finding | None:
    """The rule for the layer that lost most."""
    recent = course.last_of(EPOCHS)
    if len(recent) < EPOCHS or course.last.val_films < FILMS:
        return None
    bad = [name for name in course.last.layers if all(_bad(one.layers.get(name)) for one in recent)]
    if not bad:
        return None
    since = next(one.epoch for one in course.seen if any(_bad(one.layers.get(name)) for name in bad))
    layers = course.last.layers
    worst = max(bad, key=lambda name: layers[name].dead / layers[name].units)
    one = layers[worst]
    others = f", and so are most of {len(bad) - 1} other layers" if len(bad) > 1 else ""
    start = one.dead - one.died
    evidence = (
        f"{one.dead} of {one.units} units of the layer {worst} are zero for each of {course.last.val_films} validation films "
        f"({start} of them were so before the first step){others}."
    )
    return Finding(
        name="dead-units",
        since=since,
        evidence=evidence,
        causes=(
            "a step so long that biases or weights were thrown far below zero (a learning rate that is too high)",
            "starting weights or biases far below zero"
            if start > one.died
            else "a large gradient early on, without a warm-up",
            "inputs that are not centred",
        ),
        tries=(
            f"a learning rate of {course.rate / 10:g} (a tenth), by --learning-rate",
            'an activation that is not flat below zero: `activation = "leaky-relu"`, `"elu"`',
            "batch normalisation before the activation",
        ),
        figures={"layers": {name: {"units": layers[name].units, "dead": layers[name].dead} for name in bad}},
    )


def _bad(layer: Layer | None) -> bool:
    if layer is None:
        return False
    if layer.dead >= WHOLE * layer.units:
        return True
    return layer.units >= UNITS and layer.died >= DIED * layer.units
