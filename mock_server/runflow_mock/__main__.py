"""`python -m runflow_mock` is `runflow-mock`."""

import signal


def main() -> None:
    """Runs the command line of this process."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until the command can end in order, an interrupt just ends it: a trace of imports is nobody's business.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from runflow_mock.cli import main as run

    run()


if __name__ == "__main__":
    main()
