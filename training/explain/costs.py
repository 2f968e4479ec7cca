"""What explaining a training cost it."""

import keras

from training.explain.budget import Budget
from training.run import Run


class Costs(keras.callbacks.Callback):
    """Notes the seconds of this session, and of what explained it, in run.json.

    Args:
        run: Whose run.json.
        budgets: Name -> what measures it.
    """

    def __init__(self, run: Run, budgets: dict[str, Budget]):
        super().__init__()
        self.run, self.budgets = run, budgets

    def on_train_begin(self, logs=None):
        for budget in self.budgets.values():
            budget.start()

    def on_train_end(self, logs=None):
        spent = {name: round(budget.spent, 2) for name, budget in self.budgets.items()}
        share = sum(budget.share_with() for budget in self.budgets.values())
        self.run.note(explained={"seconds": spent, "share": round(share, 4)})
