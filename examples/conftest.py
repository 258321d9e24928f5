"""What needs a container engine runs where there is one: `make image` names the image that it has built."""

import os

collect_ignore = [] if "RUNFLOW_MOCK_IMAGE" in os.environ else ["testcontainers"]
