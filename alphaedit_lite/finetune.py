"""The baselines that descend gradients: fine-tuning memory matrices on the new facts themselves.

    edit = FineTune(lm, layers=(5,), norm_bound=5e-4).edit([fact])
    edit.revert()

FT and FT-L are the baselines of ROME (Meng et al. 2022, appendix E): Adam on one matrix, on the bare prompt
alone; FT-L also keeps every entry of Δ within a bound (Zhu et al. 2020). With ``null_spaces`` every step is
projected, so Δ = Δ P; a bound cuts its entries after that, and so leads out of the space again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from .edits import Edit
from .facts import Fact
from .hooks import hooked
from .models import LanguageModel
from .nullspace import NullSpace
from .prompts import PromptBatch, align, batches, encode_facts
from .support.collisions import warn_alike, written_over
from .support.lists import check_settings, configured, language_model, layer_list, writable
from .support.origin import check_null_spaces

TOKENS = 256  # in one pass


@dataclasses.dataclass(frozen=True)
class FineTuneConfig:
    """Every knob of fine-tuning.

    Attributes:
        layers: whose memory matrices are trained.
        steps, lr: of Adam; it stops when the mean NLL is below ``enough``.
        norm_bound: the largest absolute entry of Δ (FT-L), or None (FT).
    """

    layers: tuple[int, ...] = (5,)
    steps: int = 25
    lr: float = 5e-4
    enough: float = 1e-2
    norm_bound: float | None = None

    def __post_init__(self) -> None:
        check_settings(self, steps=1)
        object.__setattr__(self, "layers", layer_list(self.layers))
        bound = 1.0 if self.norm_bound is None else self.norm_bound
        if not (0 < self.lr < math.inf and bound > 0):
            raise ValueError(f"lr and norm_bound must be positive: {self}.")


class FineTune:
    """Writes facts by gradient descent; the same interface as ``Editor``.

    Args:
        null_spaces: per layer, to keep every step inside them; by default none.

    Raises:
        IndexError: a layer out of range.
        ValueError: null spaces of other layers, or of another model.
    """

    def __init__(
        self,
        lm: LanguageModel,
        config: FineTuneConfig | None = None,
        *,
        null_spaces: Mapping[int, NullSpace] | None = None,
        progress: bool = True,
        **settings: object,
    ) -> None:
        self.lm, self.null_spaces, self.progress = language_model(lm), null_spaces or {}, progress
        self.config = configured(FineTuneConfig, config, **settings)
        for layer in self.config.layers:
            lm.block(layer)
        check_null_spaces(self.null_spaces, lm)
        if not self.config.layers or (null_spaces and set(self.config.layers) - set(null_spaces)):
            raise ValueError(f"layers and null_spaces must name the same layers: {self.config.layers}.")

    def edit(self, facts: Sequence[Fact]) -> Edit:
        """Train on a batch of facts, whole or not at all.

        Raises:
            ValueError: no facts, contradicting facts, or training that diverged.
        """
        facts = writable(self.lm, facts)
        edit = Edit(facts, self.lm.fingerprint, dataclasses.asdict(self.config))
        with self.lm.ledger.transaction():
            self.lm.check_unchanged()
            check_null_spaces(self.null_spaces, self.lm)  # it may have got another name since
            for layer, delta in self.descend(facts).items():
                edit.dense[layer] = delta
                self.lm.ledger.add(layer, delta)
            edit.notes |= written_over(self.lm, facts, {})
            warn_alike(self.lm, edit)
            self.lm.ledger.enter(edit, self.lm)
        return edit

    @torch.enable_grad()
    def descend(self, facts: Sequence[Fact]) -> dict[int, Tensor]:
        """Δ of each layer, in no model yet: the way of training, which a subclass may replace."""
        lm, config = self.lm, self.config
        rows = [row for (row,) in encode_facts(lm, facts, ("",), target=True)]
        # Nothing is written at the subject: rows of like length begin in one column, which saves padding.
        rows = sorted((dataclasses.replace(row, subject=0) for row in rows), key=lambda row: len(row.ids))
        parts = [
            align(some, range(len(some)), lm.pad_id, lm.device)
            for some in batches(rows, [len(row.ids) for row in rows], TOKENS)
        ]
        objects, first = sum(len(part.loss_id) for part in parts), min(config.layers)
        with lm.frozen(), tqdm(total=config.steps, desc="fine-tuning", disable=not self.progress) as bar:
            dtype = torch.promote_types(lm.weight(0).dtype, torch.float32)  # Adam's ε is 0 in half precision
            deltas = {
                i: torch.zeros_like(lm.weight(i), dtype=dtype, requires_grad=True) for i in config.layers
            }
            with torch.no_grad():  # what lies below the first trained matrix never changes
                hidden = [lm.embed(part.ids) for part in parts]
                if first:
                    hidden = [
                        lm.run(one, part.mask, part.positions, stop=first)[0]
                        for one, part in zip(hidden, parts, strict=True)
                    ]
            adam = torch.optim.Adam(deltas.values(), lr=config.lr)
            for _ in range(config.steps):
                adam.zero_grad()
                loss = 0.0
                for one, part in zip(hidden, parts, strict=True):  # gradients of the parts add up
                    share = self.nll(one, first, part, deltas) / objects
                    share.backward()
                    loss += float(share.detach())
                if loss < config.enough:
                    break
                adam.step()
                with torch.no_grad():
                    for layer, delta in deltas.items():
                        if layer in self.null_spaces:
                            delta.copy_(self.null_spaces[layer].project(delta.double()))
                        if config.norm_bound is not None:
                            delta.clamp_(-config.norm_bound, config.norm_bound)
                bar.update()
        return {layer: delta.detach() for layer, delta in deltas.items()}

    def nll(self, hidden: Tensor, first: int, batch: PromptBatch, deltas: Mapping[int, Tensor]) -> Tensor:
        """Summed NLL of the new objects: (W + Δ) k + b = (W k + b) + Δ k in every block."""
        lm = self.lm
        keys: dict[int, Tensor] = {}

        def look(layer: int) -> Callable[[Tensor], None]:
            return lambda key: keys.__setitem__(layer, key)

        def add(layer: int) -> Callable[[Tensor], Tensor]:
            return lambda output: output + F.linear(keys[layer], deltas[layer].to(keys[layer])).to(output)

        modules = {layer: lm.down_projection(layer) for layer in deltas}
        with hooked({m: look(i) for i, m in modules.items()}, {m: add(i) for i, m in modules.items()}):
            out, _ = lm.run(hidden, batch.mask, batch.positions, start=first)
        logits = lm.logits(out[batch.loss_row, batch.loss_column]).float()
        return F.cross_entropy(logits, batch.loss_id, reduction="sum")
