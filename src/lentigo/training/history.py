"""A run's history in its folder: table, picture, TensorBoard."""

from torch.utils.tensorboard import SummaryWriter

from lentigo.training.curves import draw_curves
from lentigo.training.folder import RunFolder
from lentigo.training.progress import EpochRecord

SCORE_NAMES = {"segmentation": "Dice (per image)", "classification": "AUC"}


def keep_history(folder: RunFolder, task: str, history: tuple[EpochRecord, ...]) -> None:
    """Write the log and the curves whole, and the last epoch to TensorBoard."""
    folder.write_log(history)
    draw_curves(history, SCORE_NAMES[task], folder.curves)
    last = history[-1]
    # What a killed run wrote of this epoch is purged from TensorBoard's view.
    with SummaryWriter(str(folder.tensorboard), purge_step=last.epoch) as writer:
        for name in ("train_loss", "validation_loss", "score", "learning_rate"):
            writer.add_scalar(name, getattr(last, name), last.epoch)
