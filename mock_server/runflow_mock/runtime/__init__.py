"""The event loop, real time, and callbacks that leave the process."""
