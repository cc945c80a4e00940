"""The pretraining loop, in sight: steps, the sum of the methods' losses, a checkpoint and a look after every stretch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from deepcovid.errors import DeepCovidError
from deepcovid.progress import Progress, Silent
from deepcovid.training.checkpoint import Checkpoint, Row
from deepcovid.training.loop import build_optimiser, epoch_seed, set_rates
from deepcovid.training.pretrain.films import Drawing, Films, batches
from deepcovid.training.pretrain.method import METHODS, Seen, Surroundings
from deepcovid.training.pretrain.varying import VARIATIONS

if TYPE_CHECKING:
    import lightning_fabric
    import torch

    from deepcovid.models.network import FilmNetwork
    from deepcovid.training.pretrain.method import Batch
    from deepcovid.training.pretrain.plan import Plan

CLIPPED = 5.0  # length of the gradient
Watch = Callable[["FilmNetwork"], Row]  # figures of the backbone as it stands


def build_pretrainer(network: FilmNetwork, *, plan: Plan, around: Surroundings) -> torch.nn.Module:
    """The backbone with all methods on top: batch → the loss of each method, by name."""
    import torch

    class Pretrainer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.methods = torch.nn.ModuleDict({name: METHODS[name].build(around) for name, _ in plan.methods})
            network.head.requires_grad_(False)

        def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
            films, views = len(batch["shown"]), batch["shown"].shape[1]
            # views of one film stand apart, so that each view is a batch of its own
            stacked = batch["shown"].transpose(0, 1).flatten(0, 1)
            maps = self.network.backbone(self.network.prepare(stacked))
            each = [maps[view * films : (view + 1) * films] for view in range(views)]
            seen = Seen(maps=each, features=[one.mean(dim=(2, 3)) for one in each])
            return {name: method(seen, batch) for name, method in self.methods.items()}

    return Pretrainer()


def pretrain_backbone(
    network: FilmNetwork,
    films: Films,
    *,
    plan: Plan,
    around: Surroundings,
    fabric: lightning_fabric.Fabric,
    checkpoint: Checkpoint,
    watch: Watch | None = None,
    loaders: int = 0,
    progress: Progress | None = None,
) -> list[Row]:
    """Train the backbone of `network` in place by the plan; its head stays as it is.

    Everything random follows from seed, step and place, so that a training that was killed goes on from the last
    checkpoint and ends, on a CPU and with the same number of threads, with the same bits.

    Args:
        network: with the weights to start from.
        films: what it learns from.
        plan: methods, steps, rates.
        around: what the methods are built for.
        fabric: device and processes.
        checkpoint: where the state after each stretch is kept, and resumed from.
        watch: looks at the backbone after each stretch; its figures go into the history.
        loaders: processes that vary films; any number gives the same films.
        progress: told of every stretch.

    Returns:
        One row a stretch: `step`, the mean loss of each method, the sum, the learning rate, what `watch` says.

    Raises:
        DeepCovidError: the loss is no longer a number.
    """
    import torch

    speaker, recipe = progress or Silent(), plan.recipe
    torch.manual_seed(epoch_seed(plan.seed, 0))
    model = build_pretrainer(network, plan=plan, around=around).to(memory_format=torch.channels_last)
    moving = [numbers for numbers in model.parameters() if numbers.requires_grad]
    net, optimiser = fabric.setup(model, build_optimiser(moving, recipe))
    drawing = Drawing(
        batch_size=plan.batch_size,
        phantom_share=plan.phantom_share,
        views=plan.views,
        variation=VARIATIONS[plan.variation],
        seed=plan.seed,
    )
    history = checkpoint.load_last(model, optimiser)
    left = range(len(history), plan.legs)
    for leg in speaker.track(left, description="stretches", total=len(left)):
        torch.manual_seed(epoch_seed(plan.seed, leg + 1))
        steps = range(leg * plan.every, min((leg + 1) * plan.every, plan.steps))
        net.train()
        tally = dict.fromkeys((name for name, _ in plan.methods), 0.0)
        for step, batch in zip(
            steps, batches(films, drawing, steps=steps, fabric=fabric, loaders=loaders), strict=True
        ):
            set_rates(optimiser, recipe, step, plan.steps)
            losses = net(batch)
            loss = sum(weight * losses[name] for name, weight in plan.methods)
            _require_finite(loss, step)
            optimiser.zero_grad()
            fabric.backward(loss)
            fabric.clip_gradients(net, optimiser, max_norm=CLIPPED)
            optimiser.step()
            for name, value in losses.items():
                tally[name] += value.item() / len(steps)
        history.append(_row(_shared(tally, fabric), plan, step=steps.stop, rate=optimiser.param_groups[0]["lr"]))
        network.eval()
        if fabric.is_global_zero:
            if watch is not None:
                history[-1] |= watch(network)
            speaker.say(_told(history[-1], plan))
            checkpoint.save_last(model, optimiser, history)
    network.eval()
    return history


def _shared(tally: dict[str, float], fabric: lightning_fabric.Fabric) -> dict[str, float]:
    """The mean over processes of each loss."""
    import torch

    if fabric.world_size == 1:
        return tally
    means = fabric.all_reduce(torch.tensor(list(tally.values()), device=fabric.device), reduce_op="mean")
    return dict(zip(tally, means.tolist(), strict=True))


def _require_finite(loss: torch.Tensor, step: int) -> None:
    import torch

    if not torch.isfinite(loss):
        raise DeepCovidError(
            f"the loss of step {step + 1} is no number",
            mend="give a lower --learning-rate; the last checkpoint is kept, but it belongs to the higher one",
        )


def _row(tally: dict[str, float], plan: Plan, *, step: int, rate: float) -> Row:
    losses: Row = {f"{name}_loss": value for name, value in tally.items()}
    return {
        "step": step,
        "loss": sum(weight * tally[name] for name, weight in plan.methods),
        "learning_rate": rate,
    } | losses


def _told(row: Row, plan: Plan) -> str:
    figures = [f"{name.replace('_', ' ')} {row[name]:.3f}" for name in row if name.endswith(("loss", "auc"))]
    return f"step {row['step']} of {plan.steps}: {', '.join(figures)}"
