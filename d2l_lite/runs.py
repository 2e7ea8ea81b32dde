"""One training and what it gave."""

from dataclasses import dataclass, field


@dataclass
class Run:
    """One training. Lists hold a number an epoch; losses are means over images.

    seconds is wall time an epoch, tests included; settings is the recipe; made says
    where, when and with what; step_loss has a number a step, in live runs alone.
    """

    settings: dict
    made: dict
    train_loss: list[float] = field(default_factory=list)
    train_acc: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_acc: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)
    peak_step_loss: float = 0.0

    def add_epoch(
        self, train_loss: float, train_acc: float, test_loss: float, test_acc: float,
        seconds: float,
    ) -> None:  # fmt: skip
        """Add what one epoch gave."""
        self.train_loss.append(train_loss)
        self.train_acc.append(train_acc)
        self.test_loss.append(test_loss)
        self.test_acc.append(test_acc)
        self.seconds.append(seconds)
        self.peak_step_loss = max(self.step_loss, default=0.0)

    def __str__(self) -> str:
        if not self.train_loss:
            return "no epoch was finished"
        return (
            f"loss {self.train_loss[-1]:.3f}, train acc {self.train_acc[-1]:.6f}, "
            f"test acc {self.test_acc[-1]:.6f}"
        )

    def _ipython_display_(self) -> None:
        """Show nothing: the training has printed its line and drawn its curve."""
