"""Floor 2: the event loop, real time, and callbacks that leave the process."""
