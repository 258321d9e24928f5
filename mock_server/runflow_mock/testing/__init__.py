"""For tests: clients of a server, over HTTP; only `server` and `in_process` start one."""

from runflow_mock.kit.skills.asserting import assert_skill
from runflow_mock.testing.client import ClientError
from runflow_mock.testing.control import Control
from runflow_mock.testing.receiver import CallbackReceiver, Received, Reply
from runflow_mock.testing.runflow import Runflow, open_tenant

__all__ = ["CallbackReceiver", "ClientError", "Control", "Received", "Reply", "Runflow", "assert_skill", "open_tenant"]
