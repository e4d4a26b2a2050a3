"""What a machine did to a measurement in real time."""

import threading
import time


class StallMonitor:
    """A thread that sleeps a millisecond at a time and keeps when it could not wake: ``stalls``, (begin, end) in s.

    A virtual machine stands still for tens of milliseconds when its host wants the processor. Then nothing in it runs,
    and this thread neither; a Pd that is held up by its own work does not hold up this thread.
    """

    def __enter__(self):
        self.stalls, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self):
        """Keep every sleep of a millisecond that took five."""
        last = time.monotonic()
        while not self.over.is_set():
            time.sleep(0.001)
            now = time.monotonic()
            if now - last > 0.005:
                self.stalls.append((last, now))
            last = now

    def __exit__(self, *error):
        self.over.set()
        self.thread.join()

    def told(self, name, log, times):
        """Return every duration in ms that ``[print name]`` told of: as told, and without the time of standing still.

        ``times`` has the moment of each line of ``log``, within a tick or two of the end of what it tells of.
        """
        found = [(float(line.split()[1]), moment) for line, moment in zip(log, times, strict=True)
                 if line.startswith(f"{name}: ")]
        return [(told, told - 1000 * self.stood(moment - told / 1000 - 0.005, moment + 0.001))
                for told, moment in found]

    def stood(self, begin, end):
        """Seconds in which the machine stood still between two moments."""
        return sum(max(min(end, until) - max(begin, since), 0) for since, until in self.stalls)
