"""TensorBoardSink: curves, distributions and pictures in the run's event files."""

from v1model.atomic import WriteError
from v1model.event_files import EventFile


class TensorBoardSink:
    """Numbers of epochs under their own tags, and readings under their monitor's.

        <tag>                                  of an epoch, by its number
        <monitor>/<name>                       numbers of monitors, by updates
        distributions/<monitor>/<name>         histograms, by updates
        pictures/<monitor>/<name>              by updates

    TensorBoard shows a tag as one kind of thing only, hence the words in front.

    Args:
        folder: Of the event files.
        shows_epochs: Whether numbers of epochs are written.
    """

    fatal = (WriteError,)

    def __init__(self, folder, shows_epochs=True):
        self.events = EventFile(folder)
        self._shows_epochs = shows_epochs

    def epoch(self, number, step, values):
        """Writes the numbers of an epoch."""
        if self._shows_epochs:
            self.events.write(number, scalars=values)

    def reading(self, step, monitor, reading):
        """Writes what a monitor has seen."""
        if reading.scalars or reading.histograms or reading.pictures:
            self.events.write(
                step,
                scalars=_below(monitor, reading.scalars),
                histograms=_below(f"distributions/{monitor}", reading.histograms),
                pictures=_below(f"pictures/{monitor}", reading.pictures),
            )

    def close(self):
        """Closes the file."""
        self.events.close()


def _below(place, values):
    return {f"{place}/{name}": value for name, value in values.items()}
