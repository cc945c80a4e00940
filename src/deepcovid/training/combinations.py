"""Keys of a recipe that make no sense together: each pair is refused with what to write instead."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from deepcovid.errors import RecipeError
from deepcovid.models.heads import HeadShape

if TYPE_CHECKING:
    from deepcovid.training.recipe import Recipe

KEPT_BY_A_STACK = (
    "name", "title", "source", "seed", "task", "head", "members", "changes", "combiner", "folds", "published",
)  # fmt: skip
ONLY_OF_A_STACK = ("changes", "combiner", "folds")
IGNORED_BY_AN_SVM = ("epochs", "batch_size", "steps_per_epoch", "optimiser", "schedule", "keep", "early_stopping")


def refuse_combinations(recipe: Recipe) -> None:
    """Refuse what a training would have to ignore or could not mean.

    Raises:
        RecipeError: the first pair of keys that does not fit, and what to write instead.
    """
    if recipe.members:
        _refuse_what_a_stack_ignores(recipe)
        return
    _refuse_what_needs_members(recipe)
    _refuse_outputs(recipe)
    _refuse_losses(recipe)
    _refuse_what_stored_features_ignore(recipe)
    _refuse_what_films_drawn_anew_ignore(recipe)
    _refuse_several_findings(recipe)
    if recipe.calibration == "isotonic" and recipe.task != "binary":
        raise RecipeError(
            f"calibration is 'isotonic', which is of two classes, but the task is {recipe.task!r}",
            mend='give calibration = "temperature", or task = "binary"',
        )
    if recipe.head.kind == "svm":
        _refuse_what_an_svm_ignores(recipe)


def _refuse_what_a_stack_ignores(recipe: Recipe) -> None:
    twice = sorted({name for name in recipe.members if recipe.members.count(name) > 1})
    if len(recipe.members) < 2 or twice:
        raise RecipeError(
            f"members has {len(recipe.members)} recipes" + (f", {', '.join(twice)} more than once" if twice else ""),
            mend="name two different recipes or more",
        )
    if recipe.folds < 2:
        raise RecipeError(f"folds is {recipe.folds}", mend="give 2 or more")
    if recipe.task != "binary":
        raise RecipeError(f"the task is {recipe.task!r}, but a stack tells two classes apart", mend="leave task out")
    plain = type(recipe)(name=recipe.name)
    for name in (field.name for field in fields(recipe) if field.name not in KEPT_BY_A_STACK):
        if getattr(recipe, name) != getattr(plain, name):
            raise RecipeError(
                f"{name} is given, but a stack trains nothing beside its members",
                mend=f"give it under [changes], where it is of every member, or leave {name} out",
            )
    hidden = recipe.head.hidden
    if recipe.head != HeadShape(hidden=hidden) or (hidden and recipe.combiner != "network"):
        raise RecipeError(
            "head is given, of which a stack takes the hidden units of its network alone",
            mend='give combiner = "network" and head.hidden, or leave head out',
        )


def _refuse_what_needs_members(recipe: Recipe) -> None:
    defaults = {field.name: field.default for field in fields(recipe)} | {"changes": {}}
    for name in ONLY_OF_A_STACK:
        if getattr(recipe, name) != defaults[name]:
            raise RecipeError(f"{name} is given, but there are no members to stack", mend=f"leave {name} out")


def _refuse_outputs(recipe: Recipe) -> None:
    if (recipe.task == "multi-label") != (recipe.output == "multi-label"):
        allowed = '"multi-label"' if recipe.task == "multi-label" else '"softmax" or "sigmoids"'
        raise RecipeError(
            f"output is {recipe.output!r}, but the task is {recipe.task!r}", mend=f"give output = {allowed}"
        )
    if recipe.output == "one-sigmoid" and recipe.task != "binary":
        raise RecipeError(
            f"output is 'one-sigmoid', which tells two classes apart, but the task is {recipe.task!r}",
            mend='give output = "softmax" or "sigmoids", or task = "binary"',
        )


def _refuse_losses(recipe: Recipe) -> None:
    if recipe.output == "softmax" and recipe.loss == "binary-cross-entropy":
        raise RecipeError(
            "loss is 'binary-cross-entropy', but a softmax has no sigmoids",
            mend='give output = "sigmoids", or loss = "cross-entropy"',
        )
    if recipe.task == "multi-label" and recipe.loss == "cross-entropy":
        raise RecipeError(
            "loss is 'cross-entropy', but a film may have several findings, so that their probabilities do not sum to 1",
            mend='give loss = "binary-cross-entropy"',
        )


def _refuse_what_stored_features_ignore(recipe: Recipe) -> None:
    if recipe.recompute and recipe.trainable != "head":
        raise RecipeError(
            f"recompute is for trainable = 'head', not {recipe.trainable!r}",
            mend="leave it out: other trainings run the whole network in every epoch",
        )
    if not recipe.stored_features:
        return
    if recipe.mixing.mixup or recipe.mixing.cutmix:
        raise RecipeError(
            "mixing is of films, but the head is trained on stored features",
            mend="give recompute = true, let some of the network move (trainable), or leave mixing out",
        )
    if recipe.balance == "sampler":
        raise RecipeError(
            "balance is 'sampler', which a head on stored features does not use",
            mend="use class-weights, or minority_count to over-sample",
        )
    varied = not recipe.augmentation.is_identity
    if varied and not (recipe.draws or recipe.minority_count):
        raise RecipeError(
            "there is an augmentation, but neither draws nor minority_count says how many films to make by it",
            mend="give draws or minority_count, or leave the augmentation out",
        )
    if recipe.draws and not varied:
        raise RecipeError("draws without an augmentation repeat the same film", mend="give an [augmentation]")


def _refuse_what_films_drawn_anew_ignore(recipe: Recipe) -> None:
    if not recipe.stored_features and (recipe.draws or recipe.minority_count):
        raise RecipeError(
            "draws and minority_count are for trainable = 'head' on stored features",
            mend="leave them out: other trainings draw an augmentation anew each epoch; use balance for classes",
        )
    if recipe.batchnorm == "training" and (recipe.stored_features or recipe.trainable == "all"):
        why = "stored features have fixed statistics" if recipe.stored_features else "no layer is frozen"
        raise RecipeError(
            f"batchnorm is 'training', but {why}",
            mend="leave it out, or give trainable = a number of blocks, or trainable = 'head' with recompute = true",
        )
    if (recipe.mixing.mixup or recipe.mixing.cutmix) and recipe.batch_size < 2:
        raise RecipeError("mixing needs two films in a batch, and batch_size is 1", mend="give a batch_size from 2")


def _refuse_several_findings(recipe: Recipe) -> None:
    if recipe.task == "multi-label" and (recipe.balance == "sampler" or recipe.minority_count):
        raise RecipeError(
            "balance = 'sampler' and minority_count need one class a film, but the task is 'multi-label'",
            mend='use balance = "class-weights"',
        )


def _refuse_what_an_svm_ignores(recipe: Recipe) -> None:
    if not recipe.stored_features:
        raise RecipeError(
            "head.kind is 'svm', which is fitted on stored features",
            mend="give trainable = 'head' and leave recompute out",
        )
    plain = type(recipe)(name=recipe.name)
    for name in IGNORED_BY_AN_SVM:
        if getattr(recipe, name) != getattr(plain, name):
            raise RecipeError(
                f"{name} is given, but an svm has no epochs and no steps to which it could apply",
                mend=f"leave {name} out, or give head.kind = 'network'",
            )
    if recipe.task == "multi-class" and recipe.output != "sigmoids":
        raise RecipeError(
            f"output is {recipe.output!r}, but the svms of several classes are fitted one against the rest",
            mend='give output = "sigmoids": every class\'s own probability, divided by their sum',
        )
    if recipe.task != "multi-label" and recipe.loss != "cross-entropy":
        raise RecipeError("loss is given, but an svm has its own", mend='leave it out (it is "cross-entropy")')
