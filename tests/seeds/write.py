"""Write `TABLE.md` from the facts: `python tests/seeds/write.py`, with the folders of pytest's `pythonpath` on the path."""

from facts import table
from test_seeds import FACTS, TABLE

if __name__ == "__main__":
    TABLE.write_text(table(FACTS), encoding="utf-8")
